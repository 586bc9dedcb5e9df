/** The pictures of a series, in the order in which a person scrolls through them. */
import { areParallel, distanceAlong, type ImagePlane, imagePlane, normal } from './geometry';
import { type JsonDataset, number, text } from './json';
import { Tag } from './tags';

export interface SeriesImage {
  sopInstanceUid: string;
  frameNumber: number;
  numberOfFrames: number;
  instanceNumber: number | undefined;
  plane: ImagePlane | undefined;
  dataset: JsonDataset;
}

export interface ImageOrder {
  images: SeriesImage[];
  /** Whether the images are slices of one stack, sorted by their place along its normal. */
  isStack: boolean;
}

/** Every frame of every instance that has pixels. */
export function imagesOf(datasets: readonly JsonDataset[]): SeriesImage[] {
  return datasets.flatMap((dataset) => {
    if (whyNotShown(dataset)) return [];
    const numberOfFrames = Math.max(1, Math.trunc(number(dataset, Tag.NumberOfFrames) ?? 1));
    return Array.from({ length: numberOfFrames }, (_, index) => ({
      sopInstanceUid: text(dataset, Tag.SOPInstanceUID),
      frameNumber: index + 1,
      numberOfFrames,
      instanceNumber: number(dataset, Tag.InstanceNumber),
      plane: imagePlane(dataset, index + 1),
      dataset,
    }));
  });
}

/**
 * Sort by position along the normal where all images are parallel slices at places of their own;
 * else by instance number and frame, as they were acquired.
 */
export function sortImages(images: readonly SeriesImage[]): ImageOrder {
  const byNumber = [...images].sort(
    (a, b) =>
      (a.instanceNumber ?? Number.MAX_SAFE_INTEGER) -
        (b.instanceNumber ?? Number.MAX_SAFE_INTEGER) ||
      (a.sopInstanceUid < b.sopInstanceUid ? -1 : a.sopInstanceUid > b.sopInstanceUid ? 1 : 0) ||
      a.frameNumber - b.frameNumber,
  );
  const first = byNumber[0]?.plane;
  if (!first || byNumber.length < 2) return { images: byNumber, isStack: false };
  if (!byNumber.every(({ plane }) => plane && areParallel(plane, first))) {
    return { images: byNumber, isStack: false };
  }
  const direction = normal(first);
  const placed = byNumber.map((image) => ({
    image,
    place: image.plane ? distanceAlong(image.plane, direction) : 0,
  }));
  const places = new Set(placed.map(({ place }) => Math.round(place * 100)));
  // Repeated positions are phases, echoes or times: acquisition order says more than place.
  if (places.size < placed.length) return { images: byNumber, isStack: false };
  const ascending = placed.sort((a, b) => a.place - b.place);
  return { images: inReadingOrder(ascending, first), isStack: true };
}

/** Head first for slices across the body; otherwise the way the instance numbers run. */
function inReadingOrder(
  ascending: { image: SeriesImage; place: number }[],
  plane: ImagePlane,
): SeriesImage[] {
  const images = ascending.map(({ image }) => image);
  const isAxial = Math.abs(normal(plane)[2]) > 0.7;
  const firstImage = images[0];
  const lastImage = images[images.length - 1];
  if (!firstImage || !lastImage) return images;
  const isReversed = isAxial
    ? (firstImage.plane?.position[2] ?? 0) < (lastImage.plane?.position[2] ?? 0)
    : orderOf(firstImage) > orderOf(lastImage);
  return isReversed ? images.reverse() : images;
}

const orderOf = (image: SeriesImage): number =>
  (image.instanceNumber ?? 0) * 1e6 + image.frameNumber;

const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.(10[0-8])(\.1)?$/;
const NO_DECODER: Record<string, string> = {
  '1.2.840.10008.1.2.4.92': 'JPEG 2000 Part 2 images cannot be shown here yet',
  '1.2.840.10008.1.2.4.93': 'JPEG 2000 Part 2 images cannot be shown here yet',
  '1.2.840.10008.1.2.4.94': 'JPIP images cannot be shown here',
  '1.2.840.10008.1.2.4.95': 'JPIP images cannot be shown here',
};

const KINDS: Record<string, string> = {
  '1.2.840.10008.5.1.4.1.1.104.1': 'This is a PDF document',
  '1.2.840.10008.5.1.4.1.1.104.2': 'This is a CDA document',
  '1.2.840.10008.5.1.4.1.1.66.4': 'This is a segmentation of other images',
  '1.2.840.10008.5.1.4.1.1.66.7': 'This is a segmentation of other images',
  '1.2.840.10008.5.1.4.1.1.88.59': 'This is a selection of key images',
  '1.2.840.10008.5.1.4.1.1.481.3': 'This is a set of radiotherapy contours',
  '1.2.840.10008.5.1.4.1.1.481.5': 'This is a radiotherapy plan',
};

/** Whole families of SOP classes (PS3.4 B.5), by what their UIDs begin with. */
const FAMILIES: [string, string][] = [
  ['1.2.840.10008.5.1.4.1.1.88.', 'This is a structured report'],
  ['1.2.840.10008.5.1.4.1.1.9.', 'This is a recording of curves, such as an ECG'],
  ['1.2.840.10008.5.1.4.1.1.11.', 'This says how to show other images'],
  ['1.2.840.10008.5.1.4.1.1.91.', 'These are annotations of other images'],
];

/** Why an instance has no picture to show; undefined when it has one. */
export function whyNotShown(dataset: JsonDataset): string | undefined {
  const sopClass = text(dataset, Tag.SOPClassUID);
  const known = KINDS[sopClass] ?? FAMILIES.find(([start]) => sopClass.startsWith(start))?.[1];
  if (known) return known;
  if (!number(dataset, Tag.Rows) || !number(dataset, Tag.Columns)) {
    return 'This object has no image';
  }
  const syntax =
    text(dataset, Tag.AvailableTransferSyntaxUID) || text(dataset, Tag.TransferSyntaxUID);
  if (VIDEO.test(syntax)) return 'Video cannot be played here yet';
  return NO_DECODER[syntax];
}

/** Distance between neighbouring slices in millimetres, where the images are a stack. */
export function slicePosition(image: SeriesImage): number | undefined {
  if (!image.plane) return number(image.dataset, Tag.SliceLocation);
  return distanceAlong(image.plane, normal(image.plane));
}

/** Where an image stands among others; -1 where it does not. */
export const placeOf = (images: readonly SeriesImage[], image: SeriesImage | undefined): number =>
  images.findIndex(
    (one) => one.sopInstanceUid === image?.sopInstanceUid && one.frameNumber === image.frameNumber,
  );
