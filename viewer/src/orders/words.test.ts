import dayjs from 'dayjs';
import { expect, it } from 'vitest';
import type { Order } from '../api/orders';
import { attributesOf, emptyDraft } from './draft';
import { byTime, dayOf, furtherFacts, isShort, receivedOf } from './words';

const TODAY = dayjs('2026-11-24T12:00:00');
const order = (changes: Partial<Order> & Record<string, unknown> = {}): Order =>
  ({
    ...attributesOf(emptyDraft(TODAY)),
    id: 1,
    status: 'scheduled',
    needs_attention: '',
    expected_instances: null,
    received_instances: null,
    created_us: 1,
    updated_us: 1,
    created_by: '',
    ...changes,
  }) as Order;

it('names the days around today', () => {
  const days = ['20261123', '20261124', '20261125', '20261127', '20270105'].map((date) =>
    dayOf(order({ ScheduledProcedureStepStartDate: date }), TODAY),
  );
  expect(days).toEqual(['Yesterday', 'Today', 'Tomorrow', 'Fri 27 Nov', '5 Jan 2027']);
});

it('sorts by time, whatever its precision', () => {
  const times = ['1000', '093000', '09', '100000.5'].map((time) =>
    order({ ScheduledProcedureStepStartTime: time }),
  );
  expect(times.sort(byTime).map((one) => one.ScheduledProcedureStepStartTime)).toEqual([
    '09',
    '093000',
    '1000',
    '100000.5',
  ]);
});

it('says how many images are here, and when some are missing at the end', () => {
  expect(receivedOf(order({ expected_instances: 240, received_instances: 212 }))).toBe(
    '212 of 240 received',
  );
  expect(receivedOf(order({ received_instances: 3 }))).toBe('3 received');
  expect(receivedOf(order())).toBe('');
  const short = { expected_instances: 240, received_instances: 212 };
  expect(isShort(order({ ...short, status: 'in progress' }))).toBe(false);
  expect(isShort(order({ ...short, status: 'completed' }))).toBe(true);
});

it('tells what another system said beyond the form', () => {
  expect(
    furtherFacts(
      order({
        Allergies: 'Penicillin',
        PregnancyStatus: '',
        LastMenstrualDate: '20261101',
        OtherPatientIDs: 'X1',
        RequestingPhysician: 'Roe^Ann',
        RequestedProcedureCodeSequence: [
          { CodeValue: 'C1', CodingSchemeDesignator: '99', CodeMeaning: 'CT head' },
        ],
      }),
    ),
  ).toEqual([
    ['Allergies', 'Penicillin'],
    ['Last menstrual date', '2026-11-01'],
    ['Other patient IDs', 'X1'],
    ['Requesting physician', 'Roe, Ann'],
    ['Requested procedure code', 'CT head (C1)'],
  ]);
});
