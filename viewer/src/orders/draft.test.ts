import dayjs from 'dayjs';
import { describe, expect, it } from 'vitest';
import type { Order } from '../api/orders';
import {
  attributesOf,
  changedAttributes,
  type Draft,
  draftOf,
  emptyDraft,
  hasNoPatient,
  joinName,
  type KnownPatient,
  knownPatients,
  physicianName,
  splitName,
  typedPhysician,
  validate,
  withPatient,
} from './draft';

const NOW = dayjs('2026-11-24T09:52:30');
const good = (changes: Partial<Draft> = {}): Draft => ({
  ...emptyDraft(NOW, { modality: 'CT', station: 'CT2' }),
  patientId: 'P1',
  family: 'Doe',
  ...changes,
});

describe('an order form', () => {
  it('begins today, at the next five minutes, at the station of the last order', () => {
    expect(emptyDraft(NOW, { modality: 'CT', station: 'CT2' })).toMatchObject({
      date: '2026-11-24',
      time: '09:55',
      modality: 'CT',
      station: 'CT2',
      priority: 'ROUTINE',
    });
  });

  it('goes to the next day with the minutes before midnight', () => {
    expect(emptyDraft(dayjs('2026-11-24T23:57:00'))).toMatchObject({
      date: '2026-11-25',
      time: '00:00',
    });
  });

  it('can be saved with the least that a scanner needs', () => {
    expect(validate(good(), NOW)).toEqual({});
  });

  it('says for each field what is wrong', () => {
    const errors = validate(
      good({
        patientId: ' ',
        family: 'Do^e',
        birthDate: '2026-11-25',
        station: 'A'.repeat(17),
        modality: 'ct-2',
        accession: 'a\\b',
        time: '25:00',
        date: '',
        studyInstanceUid: '1..2',
      }),
      NOW,
    );
    expect(Object.keys(errors).sort()).toEqual(
      'accession birthDate date family modality patientId station studyInstanceUid time'.split(' '),
    );
    expect(errors.station).toContain('longer than the 16 characters of an AE title');
  });

  it('keeps every attribute of an order that is opened and saved again', () => {
    const order = {
      ...attributesOf(
        good({
          family: 'Yamada',
          given: 'Tarou',
          prefix: 'Dr',
          otherGroups: '=山田^太郎=やまだ^たろう',
          birthDate: '1970-01-02',
          sex: 'M',
          referringPhysician: 'Roe, Ann',
          accession: 'A1',
          studyInstanceUid: '1.2.3',
          stepDescription: 'Head without contrast',
          station: 'CT1, CT2',
          reason: 'Headache',
          comments: 'two\nlines',
        }),
      ),
      id: 1,
      status: 'scheduled',
      needs_attention: '',
      expected_instances: null,
      received_instances: null,
      created_us: 1,
      updated_us: 1,
      created_by: '',
    } as Order;
    expect(order.PatientName).toBe('Yamada^Tarou^^Dr=山田^太郎=やまだ^たろう');
    expect(order.ScheduledProcedureStepStartTime).toBe('095500');
    expect(order.ReferringPhysicianName).toBe('Roe^Ann');
    expect(order.ScheduledStationAETitle).toBe('CT1\\CT2');
    const whole: Order = Object.assign(order, {
      Allergies: 'Penicillin',
      ScheduledProcedureStepStartTime: '095533',
    });
    const saved = changedAttributes(whole, { ...draftOf(whole), time: '09:55' });
    expect(saved).toEqual(
      Object.fromEntries(Object.entries(order).filter(([name]) => /^[A-Z]/.test(name))),
    );
  });
});

describe('a name', () => {
  it('is split and joined without loss', () => {
    for (const name of ['Doe^Jane', 'Doe', 'Doe^Jane^M^Dr^Jr', '=山田^太郎', 'A^B=C=D', '']) {
      expect(joinName(splitName(name))).toBe(name);
    }
  });

  it('of a physician is written as people do, or in DICOM’s form where that says more', () => {
    expect(physicianName('Roe, Ann')).toBe('Roe^Ann');
    expect(physicianName('Roe^Ann^^Dr')).toBe('Roe^Ann^^Dr');
    expect(typedPhysician('Roe^Ann')).toBe('Roe, Ann');
    expect(typedPhysician('Roe^Ann^^Dr')).toBe('Roe^Ann^^Dr');
  });
});

describe('a patient who is known already', () => {
  const jane: KnownPatient = {
    PatientID: 'P1',
    IssuerOfPatientID: 'HOSPITAL',
    PatientName: 'Doe^Jane',
    PatientBirthDate: '19700102',
    PatientSex: 'F',
    source: 'a study',
  };

  it('is found by the whole ID only, each person once', () => {
    const found = [
      jane,
      { ...jane, source: 'an order' },
      { ...jane, PatientID: 'P12' },
      { ...jane, PatientName: 'Roe^Ann' },
    ];
    expect(knownPatients('P1 ', found).map((one) => one.PatientName)).toEqual([
      'Doe^Jane',
      'Roe^Ann',
    ]);
  });

  it('fills the form in', () => {
    const draft = good({ family: '' });
    expect(hasNoPatient(draft)).toBe(true);
    const filled = withPatient(draft, jane);
    expect(filled).toMatchObject({
      family: 'Doe',
      given: 'Jane',
      birthDate: '1970-01-02',
      sex: 'F',
      issuer: 'HOSPITAL',
      station: 'CT2',
    });
    expect(hasNoPatient(filled)).toBe(false);
  });
});
