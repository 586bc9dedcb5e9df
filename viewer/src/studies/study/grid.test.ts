import { describe, expect, it } from 'vitest';
import {
  activate,
  enlarge,
  gridOf,
  layOut,
  narrowed,
  placeImage,
  placeSeries,
  SINGLE,
  withGrid,
} from './grid';

const read = (text: string) => gridOf(new URLSearchParams(text));
const uids = (grid: ReturnType<typeof gridOf>) => grid.cells.map((cell) => cell.seriesInstanceUid);

describe('the grid of series', () => {
  it('is one cell without a layout in the address', () => {
    expect(read('')).toEqual(SINGLE);
    expect(read('series=1.2&image=12').cells).toEqual([{ seriesInstanceUid: '1.2', image: 11 }]);
    expect(read('layout=5x1&cell=9').cells).toHaveLength(1);
    expect(read('layout=2x2&cell=9&image=-1&image=x').active).toBe(3);
  });

  it('comes back from the address as it was, empty cells and other parameters too', () => {
    const cells = [{ seriesInstanceUid: '1.2', image: 3 }, {}, { seriesInstanceUid: '1.3' }, {}];
    const grid = { rows: 2, columns: 2, cells, active: 2, isEnlarged: true };
    const search = withGrid(new URLSearchParams('patient=7&image=99'), grid);
    expect(gridOf(search)).toEqual(grid);
    expect(search.get('patient')).toBe('7');
    expect(withGrid(search, SINGLE).toString()).toBe('patient=7');
  });

  it('fills new cells with series that are not shown yet', () => {
    const grid = layOut(read('series=1.2'), 2, 2, ['1.1', '1.2', '1.3']);
    expect(uids(grid)).toEqual(['1.2', '1.1', '1.3', undefined]);
  });

  it('keeps the active cell when it shrinks', () => {
    const grid = read('layout=2x2&series=1.1&series=1.2&series=1.3&series=1.4&cell=4');
    expect(uids(layOut(grid, 1, 2, []))).toEqual(['1.1', '1.4']);
    expect(layOut(grid, 1, 2, []).active).toBe(1);
    expect(uids(layOut(grid, 1, 1, []))).toEqual(['1.4']);
  });

  it('opens a series that is put into a cell at its own first image and makes the cell active', () => {
    const grid = read('layout=1x2&series=1.1&series=1.2&image=4&image=5');
    const next = placeSeries(grid, 1, '1.3');
    expect(next.cells).toEqual([
      { seriesInstanceUid: '1.1', image: 3 },
      { seriesInstanceUid: '1.3' },
    ]);
    expect(next.active).toBe(1);
    expect(placeSeries(grid, 1, '1.2').cells[1]?.image).toBe(4);
  });

  it('takes no image of a series that the cell does not hold any more', () => {
    const grid = read('series=1.1');
    expect(placeImage(grid, 0, '1.2', 7)).toBe(grid);
    expect(placeImage(grid, 0, '1.1', 7).cells[0]?.image).toBe(7);
    expect(placeImage(SINGLE, 0, '1.2', 7).cells[0]).toEqual({
      seriesInstanceUid: '1.2',
      image: 7,
    });
  });

  it('goes round the cells and enlarges only one of several', () => {
    const grid = read('layout=1x2');
    expect(activate(grid, -1).active).toBe(1);
    expect(activate(grid, 2).active).toBe(0);
    expect(enlarge(grid, true).isEnlarged).toBe(true);
    expect(enlarge(SINGLE, true).isEnlarged).toBe(false);
  });

  it('is a vertical pair at most on a phone', () => {
    const grid = read('layout=3x3&series=1.1&series=1.2&series=1.3&cell=3&enlarged=1');
    expect(narrowed(grid)).toMatchObject({ rows: 2, columns: 1, active: 1, isEnlarged: true });
    expect(uids(narrowed(grid))).toEqual(['1.1', '1.3']);
    expect(narrowed(SINGLE)).toBe(SINGLE);
  });
});
