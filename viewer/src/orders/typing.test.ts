import { expect, it } from 'vitest';
import { parseDate, parseTime } from './typing';

it('reads dates as people type them', () => {
  for (const typed of ['1970-01-02', '19700102', '02.01.1970', '2.1.1970']) {
    expect(parseDate(typed)).toBe('1970-01-02');
  }
});

it('takes no date that does not exist, or could be another', () => {
  for (const typed of ['', '1970', '2026-02-31', '02/01/1970', '1970-13-01', 'x']) {
    expect(parseDate(typed)).toBeNull();
  }
});

it('reads times as people type them, and leaves alone what is none', () => {
  expect(['9:30', '930', '0930', '9.30', '09:30'].map(parseTime)).toEqual(Array(5).fill('09:30'));
  expect(parseTime('9')).toBe('09:00');
  expect(['25:00', 'noon', '', '12:75'].map(parseTime)).toEqual(['25:00', 'noon', '', '12:75']);
});
