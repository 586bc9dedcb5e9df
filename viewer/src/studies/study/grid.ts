/** Which series lies in which cell, as it stands in the address; no React in here. */

export const MAX_ROWS = 4;
export const MAX_COLUMNS = 4;

export interface Cell {
  /** Undefined where the cell is empty. */
  seriesInstanceUid?: string;
  /** 0-based index of the image. */
  image?: number;
}

export interface Grid {
  rows: number;
  columns: number;
  /** Row by row, always as many as rows times columns. */
  cells: readonly Cell[];
  /** 0-based place of the cell that takes keys and toolbar. */
  active: number;
  /** The active cell covers all others. */
  isEnlarged: boolean;
}

export const SINGLE: Grid = { rows: 1, columns: 1, cells: [{}], active: 0, isEnlarged: false };

/** The grid that an address names; what makes no sense in it is left out. */
export function gridOf(search: URLSearchParams): Grid {
  const [, rows = '1', columns = '1'] = /^([1-4])x([1-4])$/.exec(search.get('layout') ?? '') ?? [];
  const count = Number(rows) * Number(columns);
  const series = search.getAll('series');
  const images = search.getAll('image').map(imageOf);
  const cells = Array.from({ length: count }, (_, place) => cellOf(series[place], images[place]));
  const active = imageOf(search.get('cell') ?? '') ?? 0;
  return {
    rows: Number(rows),
    columns: Number(columns),
    cells,
    active: Math.min(active, count - 1),
    isEnlarged: count > 1 && search.get('enlarged') === '1',
  };
}

/** The address with this grid in it; a single cell is written as short as can be. */
export function withGrid(search: URLSearchParams, grid: Grid): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const name of ['layout', 'series', 'image', 'cell', 'enlarged']) next.delete(name);
  const isSingle = grid.cells.length === 1;
  if (!isSingle) next.set('layout', `${grid.rows}x${grid.columns}`);
  for (const { seriesInstanceUid, image } of grid.cells) {
    if (!isSingle || seriesInstanceUid) next.append('series', seriesInstanceUid ?? '');
    if (!isSingle || image !== undefined) {
      next.append('image', image === undefined ? '' : String(image + 1));
    }
  }
  if (grid.active > 0) next.set('cell', String(grid.active + 1));
  if (grid.isEnlarged) next.set('enlarged', '1');
  return next;
}

/**
 * Other rows and columns. What is shown stays, the active cell above all; cells that are new take the
 * next of `candidates` that are not shown yet, and are empty when there is none left.
 */
export function layOut(
  grid: Grid,
  rows: number,
  columns: number,
  candidates: readonly string[],
): Grid {
  const count = rows * columns;
  const cells = grid.cells.slice(0, count);
  const activeCell = grid.cells[grid.active];
  if (grid.active >= count && activeCell) cells[count - 1] = activeCell;
  const shown = new Set(cells.map((cell) => cell.seriesInstanceUid));
  const left = candidates.filter((uid) => !shown.has(uid));
  while (cells.length < count) cells.push(cellOf(left.shift(), undefined));
  const active = Math.min(grid.active, count - 1);
  return { rows, columns, cells, active, isEnlarged: false };
}

/** A series put into a cell, which becomes the active one. */
export function placeSeries(grid: Grid, place: number, seriesInstanceUid: string): Grid {
  const isThere = grid.cells[place]?.seriesInstanceUid === seriesInstanceUid;
  const cells = isThere ? grid.cells : replaced(grid.cells, place, { seriesInstanceUid });
  return activate({ ...grid, cells }, place);
}

/** The image that a cell shows now; not if another series was put there meanwhile. */
export function placeImage(
  grid: Grid,
  place: number,
  seriesInstanceUid: string,
  image: number,
): Grid {
  const cell = grid.cells[place];
  if (!cell || (cell.seriesInstanceUid ?? seriesInstanceUid) !== seriesInstanceUid) return grid;
  if (cell.image === image && cell.seriesInstanceUid) return grid;
  return { ...grid, cells: replaced(grid.cells, place, { seriesInstanceUid, image }) };
}

export function activate(grid: Grid, place: number): Grid {
  const active = (place + grid.cells.length) % grid.cells.length;
  return active === grid.active ? grid : { ...grid, active };
}

export function enlarge(grid: Grid, isEnlarged: boolean): Grid {
  return { ...grid, isEnlarged: isEnlarged && grid.cells.length > 1 };
}

/** What a phone has room for: one cell, or one above the other. */
export function narrowed(grid: Grid): Grid {
  const fits = grid.columns === 1 && grid.rows <= 2;
  return fits ? grid : { ...layOut(grid, 2, 1, []), isEnlarged: grid.isEnlarged };
}

function imageOf(text: string): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number - 1 : undefined;
}

function cellOf(seriesInstanceUid: string | undefined, image: number | undefined): Cell {
  return {
    ...(seriesInstanceUid ? { seriesInstanceUid } : {}),
    ...(image === undefined ? {} : { image }),
  };
}

const replaced = (cells: readonly Cell[], place: number, cell: Cell): Cell[] =>
  cells.map((one, index) => (index === place ? cell : one));
