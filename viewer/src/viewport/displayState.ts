/** What is shown and how, as the views around the image read it. */
import type { SeriesImage } from '../dicom/images';
import type { EdgeLetters } from '../dicom/orientation';
import type { Window } from '../dicom/windows';
import type { ColourMapName } from './colourMaps';
import type { ImageFailure } from './imageQueue';

export type DragTool = 'window' | 'scroll' | 'zoom' | 'pan';

export interface SeriesStack {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  images: readonly SeriesImage[];
  isStack: boolean;
}

export interface DisplayState {
  status: 'starting' | 'ready' | 'failed' | 'context-lost';
  failure: string;
  /** The image asked for; `shownIndex` is the one whose pixels are on the screen. */
  index: number;
  shownIndex: number | undefined;
  count: number;
  isLoading: boolean;
  imageFailure: ImageFailure | undefined;
  loadedCount: number;
  failedCount: number;
  window: Window | undefined;
  isColour: boolean;
  colourMap: ColourMapName;
  isInverted: boolean;
  isFlippedHorizontally: boolean;
  isFlippedVertically: boolean;
  rotation: number;
  /** Device pixels for one image pixel. */
  scale: number | undefined;
  letters: EdgeLetters | undefined;
  tool: DragTool;
  isPlaying: boolean;
  framesPerSecond: number;
  renders: number;
}

export const NOTHING_SHOWN = {
  index: 0,
  shownIndex: undefined,
  count: 0,
  isLoading: false,
  imageFailure: undefined,
  loadedCount: 0,
  failedCount: 0,
  window: undefined,
  isColour: false,
  colourMap: 'grey',
  isInverted: false,
  isFlippedHorizontally: false,
  isFlippedVertically: false,
  rotation: 0,
  scale: undefined,
  letters: undefined,
  isPlaying: false,
} satisfies Partial<DisplayState>;
