import dayjs from 'dayjs';
import { expect, it } from 'vitest';
import type { Order, ProcedureStep } from '../api/orders';
import { attributesOf, emptyDraft } from './draft';
import { byTime, dayOf, furtherFacts, imagesOf, isShort, receivedOf, whenPerformed } from './words';

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

it('says when a step was performed, with the day where it is needed', () => {
  const step = (began: string, ended: string) => ({ began, ended }) as ProcedureStep;
  const whole = step('20261124 093112', '20261124 094500');
  expect(whenPerformed(whole, false)).toBe('09:31 to 09:45');
  expect(whenPerformed(whole, true)).toBe('2026-11-24 09:31 to 09:45');
  expect(whenPerformed(step('20261124 2350', '20261125 0010'), false)).toBe(
    '23:50 to 2026-11-25 00:10',
  );
  expect(whenPerformed(step('20261124 0931', ''), false)).toBe('09:31');
  expect(whenPerformed(step('20261124 0931', '20261124 0931'), false)).toBe('09:31');
  expect(whenPerformed(step('soon', ''), false)).toBe('soon');
});

it('counts the images of all series of a step', () => {
  const series = [3, 4].map((made) => ({ referenced_instances: made, received_instances: 2 }));
  expect(imagesOf({ series } as ProcedureStep)).toBe('4 of 7 images');
  expect(imagesOf({ series: [] as unknown } as ProcedureStep)).toBe('');
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
