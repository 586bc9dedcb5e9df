import { describe, expect, it } from 'vitest';
import { framesPerSecond, isCine } from './cine';
import { ageInYears, formatDate, formatName, formatOtherNames, formatTime } from './format';
import { imagePlane } from './geometry';
import { imagesOf, sortImages, whyNotShown } from './images';
import { type JsonDataset, number, text } from './json';
import { directionLetters, edgeLetters } from './orientation';
import { Tag } from './tags';
import {
  presetsOf,
  rangeOf,
  voiLutWindow,
  windowChoices,
  windowOf,
  windowsOfFile,
  withWindow,
} from './windows';

const AXIAL = [1, 0, 0, 0, 1, 0];

function slice(instanceNumber: number, position: number[], cosines = AXIAL): JsonDataset {
  return {
    [Tag.SOPInstanceUID]: { vr: 'UI', Value: [`1.2.${instanceNumber}`] },
    [Tag.InstanceNumber]: { vr: 'IS', Value: [instanceNumber] },
    [Tag.ImagePositionPatient]: { vr: 'DS', Value: position },
    [Tag.ImageOrientationPatient]: { vr: 'DS', Value: cosines },
    [Tag.Rows]: { vr: 'US', Value: [4] },
    [Tag.Columns]: { vr: 'US', Value: [4] },
  };
}

const order = (datasets: JsonDataset[]) =>
  sortImages(imagesOf(datasets)).images.map((image) => image.instanceNumber);

describe('the DICOM JSON model', () => {
  it('reads numbers that came as digits and names by their alphabetic group', () => {
    const dataset: JsonDataset = {
      [Tag.WindowCenter]: { vr: 'DS', Value: ['40.5'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] },
      [Tag.Rows]: { vr: 'US' },
    };
    expect(number(dataset, Tag.WindowCenter)).toBe(40.5);
    expect(text(dataset, '00100010')).toBe('Doe^Jane');
    expect(number(dataset, Tag.Rows)).toBeUndefined();
  });
});

describe('the order of images', () => {
  it('goes from the head down for axial slices, whatever the instance numbers say', () => {
    expect(order([slice(1, [0, 0, 10]), slice(2, [0, 0, 30]), slice(3, [0, 0, 20])])).toEqual([
      2, 3, 1,
    ]);
  });

  it('follows the instance numbers along the normal of sagittal slices', () => {
    const sagittal = [0, 1, 0, 0, 0, -1];
    const datasets = [
      slice(3, [30, 0, 0], sagittal),
      slice(1, [10, 0, 0], sagittal),
      slice(2, [20, 0, 0], sagittal),
    ];
    expect(order(datasets)).toEqual([1, 2, 3]);
  });

  it('is the acquisition order when positions repeat', () => {
    const result = sortImages(
      imagesOf([slice(3, [0, 0, 5]), slice(1, [0, 0, 5]), slice(2, [0, 0, 0])]),
    );
    expect(result.isStack).toBe(false);
    expect(result.images.map((image) => image.instanceNumber)).toEqual([1, 2, 3]);
  });

  it('is the instance number when planes are not parallel or unknown', () => {
    expect(order([slice(2, [0, 0, 0]), slice(1, [0, 0, 9], [0, 1, 0, 0, 0, -1])])).toEqual([1, 2]);
    const { [Tag.ImagePositionPatient]: _, ...without } = slice(1, []);
    expect(order([slice(2, [0, 0, 0]), without])).toEqual([1, 2]);
  });

  it('sorts frames of an enhanced image by the position of each frame', () => {
    const frame = (z: number) => ({
      [Tag.PlanePositionSequence]: {
        vr: 'SQ',
        Value: [{ [Tag.ImagePositionPatient]: { vr: 'DS', Value: [0, 0, z] } }],
      },
    });
    const dataset: JsonDataset = {
      [Tag.SOPInstanceUID]: { vr: 'UI', Value: ['1.2'] },
      [Tag.NumberOfFrames]: { vr: 'IS', Value: [3] },
      [Tag.Rows]: { vr: 'US', Value: [4] },
      [Tag.Columns]: { vr: 'US', Value: [4] },
      [Tag.SharedFunctionalGroupsSequence]: {
        vr: 'SQ',
        Value: [
          {
            [Tag.PlaneOrientationSequence]: {
              vr: 'SQ',
              Value: [{ [Tag.ImageOrientationPatient]: { vr: 'DS', Value: AXIAL } }],
            },
          },
        ],
      },
      [Tag.PerFrameFunctionalGroupsSequence]: { vr: 'SQ', Value: [frame(0), frame(9), frame(5)] },
    };
    const { images, isStack } = sortImages(imagesOf([dataset]));
    expect(isStack).toBe(true);
    expect(images.map((image) => image.frameNumber)).toEqual([2, 3, 1]);
  });

  it('leaves out objects without an image and says why', () => {
    const document: JsonDataset = {
      [Tag.SOPClassUID]: { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.104.1'] },
    };
    expect(imagesOf([document])).toEqual([]);
    expect(whyNotShown(document)).toBe('This is a PDF document');
    expect(whyNotShown({})).toBe('This object has no image');
    expect(whyNotShown(slice(1, [0, 0, 0]))).toBeUndefined();
  });
});

describe('orientation letters', () => {
  it('names the strongest directions first', () => {
    expect(directionLetters([1, 0, 0])).toBe('L');
    expect(directionLetters([0, -0.8, 0.6])).toBe('AH');
    expect(directionLetters([0, 0, 0])).toBe('');
  });

  it('puts the left of a patient at the right of an axial image', () => {
    const plane = imagePlane(slice(1, [0, 0, 0]));
    expect(edgeLetters(plane, [])).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
  });

  it('follows flips and turns', () => {
    const plane = imagePlane(slice(1, [0, 0, 0]));
    expect(edgeLetters(plane, [], { right: [-1, 0], down: [0, 1] })?.right).toBe('R');
    expect(edgeLetters(plane, [], { right: [0, -1], down: [1, 0] })).toEqual({
      left: 'P',
      right: 'A',
      top: 'R',
      bottom: 'L',
    });
  });

  it('uses Patient Orientation when there is no plane', () => {
    expect(edgeLetters(undefined, ['P', 'F'])).toEqual({
      left: 'A',
      right: 'P',
      top: 'H',
      bottom: 'F',
    });
    expect(edgeLetters(undefined, [])).toBeUndefined();
  });
});

describe('windows', () => {
  it('pairs every centre of the file with its width and name', () => {
    const dataset: JsonDataset = {
      [Tag.WindowCenter]: { vr: 'DS', Value: ['40', '-600'] },
      [Tag.WindowWidth]: { vr: 'DS', Value: ['400', '1500'] },
      [Tag.WindowCenterWidthExplanation]: { vr: 'LO', Value: ['WINDOW1'] },
    };
    expect(windowsOfFile(dataset)).toEqual([
      { name: 'Window1', center: 40, width: 400 },
      { name: 'File 2', center: -600, width: 1500 },
    ]);
  });

  it('turns into a range and back (PS3.3 C.11.2.1.2)', () => {
    expect(rangeOf({ center: 2048, width: 4096 })).toEqual({ lower: 0, upper: 4095 });
    expect(windowOf({ lower: 0, upper: 4095 })).toEqual({ center: 2048, width: 4096 });
  });

  it('covers what a VOI LUT covers when the file has no window', () => {
    const data = Array.from({ length: 100 }, (_, index) =>
      Math.min(255, Math.max(0, (index - 20) * 5)),
    );
    const dataset: JsonDataset = {
      [Tag.VOILUTSequence]: {
        vr: 'SQ',
        Value: [
          {
            [Tag.LUTDescriptor]: { vr: 'US', Value: [100, 1000, 8] },
            [Tag.LUTExplanation]: { vr: 'LO', Value: ['Contrast'] },
            [Tag.LUTData]: { vr: 'US', Value: data },
          },
        ],
      },
    };
    const window = voiLutWindow(dataset);
    expect(window?.name).toBe('Contrast');
    expect(window?.center).toBeGreaterThan(1040);
    expect(window?.center).toBeLessThan(1052);
    expect(window?.width).toBeLessThan(60);
    expect(number(withWindow(dataset), Tag.WindowWidth)).toBe(window?.width);
  });

  it('offers what the image proposes first, all VOI LUTs among it, and puts presets on the keys', () => {
    const lut = (name: string, first: number) => ({
      [Tag.LUTDescriptor]: { vr: 'US', Value: [3, first, 8] },
      [Tag.LUTExplanation]: { vr: 'LO', Value: [name] },
      [Tag.LUTData]: { vr: 'US', Value: [0, 128, 255] },
    });
    const dataset: JsonDataset = {
      [Tag.WindowCenter]: { vr: 'DS', Value: ['40'] },
      [Tag.WindowWidth]: { vr: 'DS', Value: ['400'] },
      [Tag.VOILUTSequence]: { vr: 'SQ', Value: [lut('Soft', 100), lut('Hard', 200)] },
    };
    const image = { dataset, frameNumber: 1 };
    const mammogram = windowChoices('MG', image);
    expect(mammogram.ofImage.map(({ name }) => name)).toEqual(['File', 'Soft', 'Hard']);
    expect(mammogram.presets).toEqual([]);
    expect(mammogram.onKeys).toBe(mammogram.ofImage);
    const ct = windowChoices('CT', image);
    expect(ct.onKeys.map(({ name }) => name).slice(0, 4)).toEqual([
      'Soft tissue',
      'Lung',
      'Bone',
      'Brain',
    ]);
    expect(ct.onKeys.length).toBeLessThanOrEqual(9);
    expect(windowChoices('CT', undefined)).toEqual({ ofImage: [], presets: [], onKeys: [] });
  });

  it('offers fixed presets only where values have a fixed meaning', () => {
    expect(presetsOf('CT').map((preset) => preset.name)).toContain('Lung');
    expect(presetsOf('MR')).toEqual([]);
  });
});

describe('cine', () => {
  const frames = { [Tag.NumberOfFrames]: { vr: 'IS', Value: [20] } };

  it('takes the recommended rate before the frame time and the cine rate', () => {
    const time = { [Tag.FrameTime]: { vr: 'DS', Value: ['33.3'] } };
    expect(framesPerSecond({ ...frames, ...time })).toBe(30);
    const recommended = { [Tag.RecommendedDisplayFrameRate]: { vr: 'IS', Value: [10] } };
    expect(framesPerSecond({ ...frames, ...time, ...recommended })).toBe(10);
    expect(framesPerSecond({ [Tag.CineRate]: { vr: 'IS', Value: [25] } })).toBe(25);
    expect(framesPerSecond({})).toBe(15);
  });

  it('is expected only of frames that carry a time', () => {
    expect(isCine(frames)).toBe(false);
    expect(isCine({ ...frames, [Tag.FrameTime]: { vr: 'DS', Value: [40] } })).toBe(true);
  });
});

describe('values as a person reads them', () => {
  it('writes names, dates and times', () => {
    expect(formatName('Doe^Jane^M^Dr')).toBe('Doe, Jane M (Dr)');
    expect(formatName('=山田^太郎')).toBe('山田, 太郎');
    expect(formatName('^^^^')).toBe('');
    expect(formatDate('20240131')).toBe('2024-01-31');
    expect(formatDate('2024')).toBe('2024');
    expect(formatTime('142530.12')).toBe('14:25');
  });

  it('keeps the name in its own script beside the one in Latin letters', () => {
    expect(formatOtherNames('Yamada^Tarou=山田^太郎=やまだ^たろう')).toBe(
      '山田 太郎 · やまだ たろう',
    );
    expect(formatOtherNames('=山田^太郎')).toBe('');
    expect(formatOtherNames('Doe^Jane')).toBe('');
  });

  it.each([
    ['1.2.840.10008.5.1.4.1.1.88.33', 'report'],
    ['1.2.840.10008.5.1.4.1.1.88.59', 'key images'],
    ['1.2.840.10008.5.1.4.1.1.9.1.1', 'ECG'],
    ['1.2.840.10008.5.1.4.1.1.66.7', 'segmentation'],
    ['1.2.840.10008.5.1.4.1.1.104.1', 'PDF'],
  ])('says what %s is, which has no picture', (sopClass, word) => {
    const dataset = { [Tag.SOPClassUID]: { vr: 'UI', Value: [sopClass] } };
    expect(whyNotShown(dataset)).toContain(word);
  });

  it('counts an age in whole years', () => {
    expect(ageInYears('19700615', '20240614')).toBe(53);
    expect(ageInYears('19700615', '20240615')).toBe(54);
    expect(ageInYears('', '20240615')).toBeUndefined();
  });
});
