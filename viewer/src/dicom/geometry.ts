/** Image plane geometry (PS3.3 C.7.6.2): vectors in the patient's coordinates, in millimetres. */
import { items, type JsonDataset, numbers } from './json';
import { Tag } from './tags';

export type Vector = readonly [number, number, number];

export interface ImagePlane {
  /** Centre of the first pixel. */
  position: Vector;
  /** Direction in which the column index grows. */
  row: Vector;
  /** Direction in which the row index grows. */
  column: Vector;
}

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export const length = (a: Vector): number => Math.hypot(a[0], a[1], a[2]);

export function normalise(a: Vector): Vector | undefined {
  const size = length(a);
  return size > 1e-6 ? [a[0] / size, a[1] / size, a[2] / size] : undefined;
}

/** The functional group item of a frame: its own, else the shared one (PS3.3 C.7.6.16). */
export function functionalGroup(
  dataset: JsonDataset,
  frameNumber: number,
  sequenceTag: string,
): JsonDataset | undefined {
  const own = items(dataset, Tag.PerFrameFunctionalGroupsSequence)[frameNumber - 1];
  const shared = items(dataset, Tag.SharedFunctionalGroupsSequence)[0];
  return items(own, sequenceTag)[0] ?? items(shared, sequenceTag)[0];
}

export function imagePlane(dataset: JsonDataset, frameNumber = 1): ImagePlane | undefined {
  const positionOf = functionalGroup(dataset, frameNumber, Tag.PlanePositionSequence) ?? dataset;
  const orientationOf =
    functionalGroup(dataset, frameNumber, Tag.PlaneOrientationSequence) ?? dataset;
  const position = vector(numbers(positionOf, Tag.ImagePositionPatient));
  const cosines = numbers(orientationOf, Tag.ImageOrientationPatient);
  const row = normaliseOrUndefined(vector(cosines.slice(0, 3)));
  const column = normaliseOrUndefined(vector(cosines.slice(3, 6)));
  if (!position || !row || !column || Math.abs(dot(row, column)) > 0.05) return undefined;
  return { position, row, column };
}

export function normal(plane: ImagePlane): Vector {
  return normalise(cross(plane.row, plane.column)) ?? [0, 0, 1];
}

/** Where the plane lies along a direction, in millimetres. */
export function distanceAlong(plane: ImagePlane, direction: Vector): number {
  return dot(plane.position, direction);
}

/** Whether two planes look the same way; a degree of difference still counts as the same. */
export function areParallel(a: ImagePlane, b: ImagePlane): boolean {
  return dot(normal(a), normal(b)) > Math.cos(Math.PI / 180) && dot(a.row, b.row) > 0.99;
}

function vector(from: number[]): Vector | undefined {
  const [x, y, z] = from;
  return x === undefined || y === undefined || z === undefined ? undefined : [x, y, z];
}

function normaliseOrUndefined(from: Vector | undefined): Vector | undefined {
  return from && normalise(from);
}
