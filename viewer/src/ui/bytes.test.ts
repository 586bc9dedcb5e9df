import { expect, it } from 'vitest';
import { counted, formatBytes } from './bytes';

it('writes sizes in the unit that a person would use', () => {
  expect(formatBytes(0)).toBe('0 bytes');
  expect(formatBytes(999)).toBe('999 bytes');
  expect(formatBytes(1_400_000_000)).toBe('1.4 GB');
  expect(formatBytes(529_000)).toBe('529 KB');
});

it('agrees the noun with the count', () => {
  expect(counted(1, 'image')).toBe('1 image');
  expect(counted(12345, 'image')).toBe('12,345 images');
  expect(counted(2, 'series', 'series')).toBe('2 series');
});
