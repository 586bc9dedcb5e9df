/** Letters at the edges of an image (PS3.3 C.7.6.1.1.1): where left, front and head are. */
import { type ImagePlane, normalise, type Vector } from './geometry';

const OPPOSITE: Record<string, string> = {
  A: 'P',
  P: 'A',
  R: 'L',
  L: 'R',
  H: 'F',
  F: 'H',
  S: 'I',
  I: 'S',
};

export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** How the picture on the screen lies on the image: in image columns and rows. */
export interface ScreenAxes {
  /** Direction of the screen's right, as [columns, rows]. */
  right: readonly [number, number];
  /** Direction of the screen's bottom, as [columns, rows]. */
  down: readonly [number, number];
}

export const UNTURNED: ScreenAxes = { right: [1, 0], down: [0, 1] };

/** Letters of a direction in the patient, strongest first, at most two: "L", "LA". */
export function directionLetters(direction: Vector): string {
  const unit = normalise(direction);
  if (!unit) return '';
  const [x, y, z] = unit;
  const parts: [number, string][] = [
    [Math.abs(x), x > 0 ? 'L' : 'R'],
    [Math.abs(y), y > 0 ? 'P' : 'A'],
    [Math.abs(z), z > 0 ? 'H' : 'F'],
  ];
  return parts
    .filter(([size]) => size > 0.25)
    .sort(([a], [b]) => b - a)
    .slice(0, 2)
    .map(([, letter]) => letter)
    .join('');
}

export function oppositeLetters(letters: string): string {
  return [...letters].map((letter) => OPPOSITE[letter] ?? letter).join('');
}

/** Letters by geometry; without it by Patient Orientation, which tells only whole edges. */
export function edgeLetters(
  plane: ImagePlane | undefined,
  patientOrientation: readonly string[],
  axes: ScreenAxes = UNTURNED,
): EdgeLetters | undefined {
  const letters = plane
    ? (axis: readonly [number, number]) => directionLetters(combine(plane, axis))
    : lettersByPatientOrientation(patientOrientation);
  if (!letters) return undefined;
  const right = letters(axes.right);
  const bottom = letters(axes.down);
  return { right, left: oppositeLetters(right), bottom, top: oppositeLetters(bottom) };
}

function combine(plane: ImagePlane, [columns, rows]: readonly [number, number]): Vector {
  const along = (index: 0 | 1 | 2) => plane.row[index] * columns + plane.column[index] * rows;
  return [along(0), along(1), along(2)];
}

function lettersByPatientOrientation(patientOrientation: readonly string[]) {
  const [rowLetters, columnLetters] = patientOrientation;
  if (!rowLetters || !columnLetters) return undefined;
  return ([columns, rows]: readonly [number, number]) => {
    const size = Math.hypot(columns, rows) || 1;
    if (Math.abs(columns) / size > 0.9) {
      return columns > 0 ? rowLetters : oppositeLetters(rowLetters);
    }
    if (Math.abs(rows) / size > 0.9) {
      return rows > 0 ? columnLetters : oppositeLetters(columnLetters);
    }
    return '';
  };
}
