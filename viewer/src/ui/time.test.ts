import { expect, it } from 'vitest';
import { formatAgo, formatDuration, formatMoment } from './time';

const NOW_MS = Date.UTC(2026, 10, 24, 12, 0, 0);
const at = (secondsAgo: number) => (NOW_MS - secondsAgo * 1000) * 1000;

it('says how long ago something was, and what is still to come', () => {
  expect(formatAgo(at(3), NOW_MS)).toBe('just now');
  expect(formatAgo(at(40), NOW_MS)).toBe('40 s ago');
  expect(formatAgo(at(300), NOW_MS)).toBe('5 minutes ago');
  expect(formatAgo(at(-45), NOW_MS)).toBe('in 45 s');
  expect(formatAgo(at(-600), NOW_MS)).toBe('in 10 minutes');
  expect(formatAgo(at(200_000), NOW_MS)).toBe(formatMoment(at(200_000)));
});

it('says how long something took', () => {
  expect(formatDuration(8_200)).toBe('8 ms');
  expect(formatDuration(1_440_000)).toBe('1.4 s');
  expect(formatDuration(200_000_000)).toBe('3 min 20 s');
  expect(formatDuration(7_500_000_000)).toBe('2 h 5 min');
});
