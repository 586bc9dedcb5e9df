/** Window centre and width (PS3.3 C.11.2): presets, those of the file, and ranges. */
import { functionalGroup } from './geometry';
import { items, type JsonDataset, number, numbers, text, texts } from './json';
import { Tag } from './tags';

export interface Window {
  center: number;
  width: number;
}

export interface NamedWindow extends Window {
  name: string;
}

const PRESETS: Record<string, NamedWindow[]> = {
  CT: [
    { name: 'Soft tissue', center: 40, width: 400 },
    { name: 'Lung', center: -600, width: 1500 },
    { name: 'Bone', center: 480, width: 2500 },
    { name: 'Brain', center: 40, width: 80 },
    { name: 'Abdomen', center: 60, width: 400 },
    { name: 'Mediastinum', center: 50, width: 350 },
    { name: 'Liver', center: 90, width: 150 },
    { name: 'Subdural', center: 75, width: 215 },
    { name: 'Angiography', center: 300, width: 600 },
  ],
  PT: [
    { name: 'SUV 0 to 5', center: 2.5, width: 5 },
    { name: 'SUV 0 to 10', center: 5, width: 10 },
    { name: 'SUV 0 to 15', center: 7.5, width: 15 },
  ],
};

/** Presets that make sense for a modality: only where stored values have a fixed meaning. */
export function presetsOf(modality: string): NamedWindow[] {
  return PRESETS[modality] ?? [];
}

export interface WindowChoices {
  /** What the image itself proposes. */
  ofImage: readonly NamedWindow[];
  presets: readonly NamedWindow[];
  /** Those on the keys 1 to 9: the presets, or what the image proposes where there are none. */
  onKeys: readonly NamedWindow[];
}

/** All windows that a person may choose for an image of a modality. */
export function windowChoices(
  modality: string,
  image: { dataset: JsonDataset; frameNumber: number } | undefined,
): WindowChoices {
  const presets = image ? presetsOf(modality) : [];
  const ofImage = image ? windowsOfFile(image.dataset, image.frameNumber) : [];
  return { ofImage, presets, onKeys: presets.length > 0 ? presets : ofImage };
}

/** The windows that the file itself proposes, then its VOI LUTs as the ranges that they cover. */
export function windowsOfFile(dataset: JsonDataset, frameNumber = 1): NamedWindow[] {
  const group = functionalGroup(dataset, frameNumber, Tag.FrameVOILUTSequence) ?? dataset;
  const centers = numbers(group, Tag.WindowCenter);
  const widths = numbers(group, Tag.WindowWidth);
  const names = texts(group, Tag.WindowCenterWidthExplanation);
  const windows = centers.flatMap((center, index) => {
    const width = widths[index];
    if (width === undefined || width < 1) return [];
    const name = names[index] || (centers.length > 1 ? `File ${index + 1}` : 'File');
    return [{ name: titled(name), center, width }];
  });
  return [...windows, ...voiLutWindows(dataset)];
}

/** The first VOI LUT as a window; undefined where there is none. */
export const voiLutWindow = (dataset: JsonDataset): NamedWindow | undefined =>
  voiLutWindows(dataset)[0];

function voiLutWindows(dataset: JsonDataset): NamedWindow[] {
  return items(dataset, Tag.VOILUTSequence).flatMap((item) => windowOfLut(dataset, item) ?? []);
}

/**
 * The window that comes nearest to a VOI LUT Sequence item: from where its output leaves the
 * lowest 2 % to where it reaches the highest 2 %.
 */
function windowOfLut(dataset: JsonDataset, item: JsonDataset): NamedWindow | undefined {
  const descriptor = numbers(item, Tag.LUTDescriptor);
  if (descriptor.length < 3) return undefined;
  const count = descriptor[0] === 0 ? 65536 : (descriptor[0] ?? 0);
  const isSigned = number(dataset, Tag.PixelRepresentation) === 1;
  const first = signedIf(isSigned, descriptor[1] ?? 0);
  const lut = lutData(item, count, descriptor[2] ?? 16);
  let [low, high] = [0, count - 1];
  const smallest = lut[0];
  const largest = lut[lut.length - 1];
  if (smallest !== undefined && largest !== undefined && lut.length >= 2 && largest !== smallest) {
    const share = (value: number) => (value - smallest) / (largest - smallest);
    low = Math.max(0, lut.findIndex((value) => share(value) > 0.02) - 1);
    high = lut.findIndex((value) => share(value) >= 0.98);
    if (high <= low) [low, high] = [0, lut.length - 1];
  }
  const width = Math.max(1, high - low);
  return {
    name: text(item, Tag.LUTExplanation) || 'VOI LUT',
    center: first + low + width / 2,
    width,
  };
}

/** The metadata with a window in place of a VOI LUT, for a renderer that knows only windows. */
export function withWindow(dataset: JsonDataset): JsonDataset {
  if (numbers(dataset, Tag.WindowCenter).length > 0) return dataset;
  const window = voiLutWindow(dataset);
  if (!window) return dataset;
  const { [Tag.VOILUTSequence]: _, ...rest } = dataset;
  return {
    ...rest,
    [Tag.WindowCenter]: { vr: 'DS', Value: [window.center] },
    [Tag.WindowWidth]: { vr: 'DS', Value: [window.width] },
  };
}

/** Lower and upper bound of a linear window (PS3.3 C.11.2.1.2.1). */
export function rangeOf({ center, width }: Window): { lower: number; upper: number } {
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 };
}

export function windowOf({ lower, upper }: { lower: number; upper: number }): Window {
  return { center: (lower + upper) / 2 + 0.5, width: upper - lower + 1 };
}

function lutData(item: JsonDataset, count: number, bits: number): number[] {
  const listed = numbers(item, Tag.LUTData);
  if (listed.length > 0) return listed;
  const inline = item[Tag.LUTData]?.InlineBinary;
  if (!inline) return [];
  const bytes = Uint8Array.from(atob(inline), (character) => character.charCodeAt(0));
  if (bits <= 8 && bytes.length <= count + 1) return [...bytes.subarray(0, count)];
  const view = new DataView(bytes.buffer);
  return Array.from({ length: Math.min(count, bytes.length >> 1) }, (_, index) =>
    view.getUint16(index * 2, true),
  );
}

function signedIf(isSigned: boolean, value: number): number {
  return isSigned && value > 32767 ? value - 65536 : value;
}

function titled(name: string): string {
  return name === name.toUpperCase() ? name.charAt(0) + name.slice(1).toLowerCase() : name;
}
