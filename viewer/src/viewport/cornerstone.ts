/** Cornerstone3D, started once; the metadata of series is handed to it here. */
import * as core from '@cornerstonejs/core';
import { init as initImageLoader } from '@cornerstonejs/dicom-image-loader';
import { utilities as metadata } from '@cornerstonejs/metadata';
import * as tools from '@cornerstonejs/tools';
import type { SeriesImage } from '../dicom/images';
import { withWindow } from '../dicom/windows';
import { frameUrl } from '../dicomweb/client';
import { COLOUR_MAPS, rendererName, rgbPoints } from './colourMaps';
import { StackDragTool } from './StackDragTool';

const MIB = 1024 * 1024;

let started: Promise<void> | undefined;

/** Start the renderer, the tools and the image loader; every caller waits for the same start. */
export function startCornerstone(): Promise<void> {
  started ??= start().catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start(): Promise<void> {
  // All cells are drawn one after the other in one context. Seven, as is the default, are more than a browser
  // keeps until those of the study before are collected, and it then takes the picture away.
  await core.init({ debug: {}, rendering: { webGlContextCount: 1 } });
  await tools.init();
  for (const map of COLOUR_MAPS) {
    const Name = rendererName(map.name);
    const registered = { name: Name, Name, ColorSpace: 'RGB', RGBPoints: rgbPoints(map) };
    core.utilities.colormap.registerColormap(registered);
  }
  const processors = navigator.hardwareConcurrency || 2;
  initImageLoader({ maxWebWorkers: Math.max(1, Math.min(4, processors - 1)) });
  core.cache.setMaxCacheSize(cacheLimitBytes());
  for (const tool of [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool, StackDragTool]) {
    tools.addTool(tool);
  }
}

/** An eighth of the memory that the browser tells of, between 256 MiB and 1 GiB. */
export function cacheLimitBytes(): number {
  const memoryGib = (navigator as { deviceMemory?: number }).deviceMemory ?? 4;
  return Math.min(1024, Math.max(256, memoryGib * 128)) * MIB;
}

const described = new Set<string>();

/** Tell Cornerstone what each image is; answers their image IDs, in order. */
export function imageIdsOf(
  studyInstanceUid: string,
  seriesInstanceUid: string,
  images: readonly SeriesImage[],
): string[] {
  const imageId = (image: SeriesImage, frameNumber: number) =>
    `wadors:${frameUrl(studyInstanceUid, seriesInstanceUid, image.sopInstanceUid, frameNumber)}`;
  for (const image of images) {
    // Once an instance, by its first frame: the other frames are found from it.
    const first = imageId(image, 1);
    if (described.has(first)) continue;
    described.add(first);
    metadata.addDicomWebInstance(first, withWindow(image.dataset));
  }
  return images.map((image) => imageId(image, image.frameNumber));
}

export { core, tools };

/** Load an image into the cache; one that lacks pixels is refused. */
export async function loadWhole(imageId: string): Promise<void> {
  const image = await core.imageLoader.loadAndCacheImage(imageId);
  const needed = image.rows * image.columns * (image.color ? 3 : 1);
  // WebGL would draw nothing at all: a black picture that looks like a true one.
  if (image.getPixelData().length < needed) {
    throw new Error('Its pixel data is shorter than its rows and columns need.');
  }
}
