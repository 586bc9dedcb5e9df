import { expect, it } from 'vitest';
import { isIncomplete, missingOf, percentReceived, progressText, whatToDo } from './completeness';

const study = (received: number, expected: number | null, status = 'receiving', told = '') => ({
  expected_instances: expected,
  missing_instances: expected === null ? null : expected - received,
  needs_attention: told,
  status: status as 'receiving' | 'complete',
});

it('says how many of how many have come', () => {
  expect(progressText(study(212, 1240))).toBe('212 of 1,240 received');
  expect(percentReceived(study(60, 240))).toBe(25);
});

it('says nothing where nothing is announced, or everything is here', () => {
  for (const one of [study(5, null), study(0, 0), study(240, 240), study(240, 240, 'complete')]) {
    expect(progressText(one)).toBe('');
    expect(isIncomplete(one)).toBe(false);
    expect(missingOf(one)).toBe(0);
  }
});

it('warns only when nobody waits for the rest any more', () => {
  expect(isIncomplete(study(212, 240))).toBe(false);
  expect(isIncomplete(study(212, 240, 'complete'))).toBe(true);
  expect(whatToDo(study(239, 240, 'complete'))).toContain('1 image did not come');
  const told = 'MPPS names 240 images, 212 are here.';
  expect(isIncomplete(study(212, 240, 'receiving', told))).toBe(true);
  expect(whatToDo(study(212, 240, 'complete', told))).toContain(told);
});
