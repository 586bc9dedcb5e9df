import { expect, it } from 'vitest';
import { runs } from './ImageSlider';

it('neighbouring loaded images are drawn as one stretch', () => {
  const loaded = new Set([0, 1, 2, 5, 7, 8]);
  expect(runs(9, (index) => loaded.has(index))).toEqual([
    [0, 3],
    [5, 6],
    [7, 9],
  ]);
  expect(runs(3, () => false)).toEqual([]);
});
