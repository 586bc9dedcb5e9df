/** How an image is shown: changed, and read back from the viewport, whatever tool changed it. */
import type { SeriesImage } from '../dicom/images';
import { texts } from '../dicom/json';
import { edgeLetters, type ScreenAxes } from '../dicom/orientation';
import { Tag } from '../dicom/tags';
import { rangeOf, type Window, windowOf, windowsOfFile } from '../dicom/windows';
import { type ColourMapName, colourMapOf, rendererName } from './colourMaps';
import type { core } from './cornerstone';
import type { DisplayState } from './displayState';

type View = Pick<
  DisplayState,
  | 'window'
  | 'colourMap'
  | 'isInverted'
  | 'isFlippedHorizontally'
  | 'isFlippedVertically'
  | 'rotation'
  | 'scale'
  | 'letters'
>;

export function readView(
  viewport: core.Types.IStackViewport,
  image: SeriesImage | undefined,
): View {
  const { voiRange, invert = false, colormap } = viewport.getProperties();
  const { flipHorizontal, flipVertical, rotation } = viewport.getViewPresentation();
  return {
    window: voiRange ? windowOf(voiRange) : undefined,
    colourMap: colourMapOf(colormap?.name),
    isInverted: invert,
    isFlippedHorizontally: flipHorizontal ?? false,
    isFlippedVertically: flipVertical ?? false,
    rotation: Math.round(rotation ?? 0) % 360,
    ...readAxes(viewport, image),
  };
}

/**
 * Window and inversion of the file. Cornerstone ends by looking for a named colour map that matches;
 * there is none for an image of one single value, and it stumbles over that after all else is done.
 */
export function resetProperties(
  viewport: Pick<core.Types.IStackViewport, 'resetProperties'>,
): void {
  try {
    viewport.resetProperties();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Remember how the image is shown; calling the answer shows it so again. */
export function keepView(viewport: core.Types.IStackViewport, image: SeriesImage): () => void {
  const presentation = viewport.getViewPresentation();
  const { voiRange, invert, colormap } = viewport.getProperties();
  const own = windowsOfFile(image.dataset, image.frameNumber)[0];
  const window = voiRange && windowOf(voiRange);
  // A window that a person chose holds for all images; the file's own differs from one to another.
  const isOwn =
    own !== undefined &&
    window !== undefined &&
    Math.abs(window.width - own.width) < 0.5 &&
    Math.abs(window.center - own.center) < 0.5;
  return () => {
    viewport.setProperties(isOwn ? { invert } : { voiRange, invert });
    applyColourMap(viewport, colourMapOf(colormap?.name));
    viewport.setViewPresentation(presentation);
  };
}

/** How the image lies on the screen, from where two pixels of it are drawn. */
function readAxes(
  viewport: core.Types.IStackViewport,
  image: SeriesImage | undefined,
): Pick<View, 'scale' | 'letters'> {
  const data = viewport.getImageData()?.imageData;
  const canvas = viewport.getCanvas();
  if (!data?.indexToWorld || !canvas.clientWidth) return { scale: undefined, letters: undefined };
  const toWorld = data.indexToWorld.bind(data);
  const at = (column: number, row: number) =>
    viewport.worldToCanvas(toWorld([column, row, 0]) as core.Types.Point3);
  const origin = at(0, 0);
  const along = at(100, 0);
  const down = at(0, 100);
  const columns = [along[0] - origin[0], along[1] - origin[1]] as const;
  const rows = [down[0] - origin[0], down[1] - origin[1]] as const;
  const columnSize = Math.hypot(...columns);
  const rowSize = Math.hypot(...rows);
  if (!columnSize || !rowSize) return { scale: undefined, letters: undefined };
  const axes: ScreenAxes = {
    right: [columns[0] / columnSize, rows[0] / rowSize],
    down: [columns[1] / columnSize, rows[1] / rowSize],
  };
  return {
    scale: (columnSize / 100) * (canvas.width / canvas.clientWidth),
    letters: image && edgeLetters(image.plane, texts(image.dataset, Tag.PatientOrientation), axes),
  };
}

export type Axis = 'horizontal' | 'vertical';

export function applyWindow(viewport: core.Types.IStackViewport, window: Window): void {
  viewport.setProperties({ voiRange: rangeOf(window) });
}

/** Show a grey image in the colours of a map; inverted it stays as it is. */
export function applyColourMap(viewport: core.Types.IStackViewport, name: ColourMapName): void {
  const { invert: isInverted = false, colormap } = viewport.getProperties();
  if (colourMapOf(colormap?.name) === name) return;
  // A map is laid over the colours as they are, and what Cornerstone holds for inverted must stay true of them.
  viewport.setProperties({ invert: false });
  viewport.setProperties({ colormap: { name: rendererName(name) } });
  viewport.setProperties({ invert: isInverted });
}

/** Give every image its own window back. */
export function ownWindows(viewport: core.Types.IStackViewport): void {
  const { invert: isInverted, colormap } = viewport.getProperties();
  const colourMap = colourMapOf(colormap?.name);
  applyColourMap(viewport, 'grey');
  resetProperties(viewport);
  viewport.setProperties({ invert: isInverted });
  applyColourMap(viewport, colourMap);
}

export function invert(viewport: core.Types.IStackViewport): void {
  viewport.setProperties({ invert: !viewport.getProperties().invert });
}

export function rotate(viewport: core.Types.IStackViewport, degrees: number): void {
  const { rotation = 0, ...rest } = viewport.getViewPresentation();
  viewport.setViewPresentation({ ...rest, rotation: (rotation + degrees + 360) % 360 });
}

export function flip(viewport: core.Types.IStackViewport, axis: Axis): void {
  const { flipHorizontal = false, flipVertical = false } = viewport.getViewPresentation();
  viewport.setViewPresentation(
    axis === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical },
  );
}

export function fit(viewport: core.Types.IStackViewport): void {
  const { rotation, flipHorizontal, flipVertical } = viewport.getViewPresentation();
  viewport.resetCamera();
  viewport.setViewPresentation({ rotation, flipHorizontal, flipVertical });
}

export function zoomBy(viewport: core.Types.IStackViewport, factor: number): void {
  const zoom = viewport.getZoom() * factor;
  if (zoom >= 0.05 && zoom <= 100) viewport.setZoom(zoom);
}

/** As an image is when its series is opened. */
export function resetView(viewport: core.Types.IStackViewport): void {
  applyColourMap(viewport, 'grey');
  resetProperties(viewport);
  viewport.setViewPresentation({ rotation: 0, flipHorizontal: false, flipVertical: false });
  viewport.resetCamera();
}
