import { describe, expect, it } from 'vitest';
import { COLOUR_MAPS, colourMapOf, cssGradient, rendererName, rgbPoints } from './colourMaps';

describe('colour maps', () => {
  it('rise from 0 to 1 with colours the renderer takes', () => {
    for (const map of COLOUR_MAPS) {
      const points = rgbPoints(map);
      const shares = points.filter((_, place) => place % 4 === 0);
      expect(shares[0]).toBe(0);
      expect(shares.at(-1)).toBe(1);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(points.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
  });

  it('are found again by the name given to the renderer, grey for any other', () => {
    for (const { name } of COLOUR_MAPS) expect(colourMapOf(rendererName(name))).toBe(name);
    expect(colourMapOf('Grayscale')).toBe('grey');
    expect(colourMapOf(undefined)).toBe('grey');
  });

  it('show as a strip from dark to bright', () => {
    const grey = COLOUR_MAPS[0];
    expect(grey && cssGradient(grey)).toBe('linear-gradient(to right, #000000 0%, #ffffff 100%)');
  });
});
