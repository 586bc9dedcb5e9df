import { expect, it } from 'vitest';
import { countdown, percentOf, progressOf, reasonOf } from './progress';

it('says how much is done as far as that is known', () => {
  expect(progressOf({ done: 212, total: 1240 })).toBe('212 of 1,240');
  expect(progressOf({ done: 5, total: 0 })).toBe('5 images');
  expect(progressOf({ done: 0, total: 0 })).toBe('');
  expect(percentOf({ done: 1, total: 4 })).toBe(25);
  expect(percentOf({ done: 1, total: 0 })).toBeUndefined();
});

it('counts down to the next try', () => {
  const at = (seconds: number) => countdown((1_000_000 + seconds * 1000) * 1000, 1_000_000);
  expect([-3, 0, 12, 200, 9000, 200_000].map(at)).toEqual([
    'now',
    'now',
    'in 12 s',
    'in 3 min',
    'in 3 h',
    'in 2 days',
  ]);
});

it('gives the reason of a refusal with its status once', () => {
  expect(reasonOf({ status: 'A700', text: 'no room left' })).toBe('no room left (status A700)');
  expect(reasonOf({ status: 'A700', text: 'A700 no room left' })).toBe('A700 no room left');
  expect(reasonOf({ status: '0122', text: '' })).toBe('Status 0122');
  expect(reasonOf({ status: null, text: '' })).toBe('Without a reason');
});
