/**
 * `window.hounsfield`: what tests and scripts may ask of the viewer and have it do. It tells the
 * state of the active cell and runs commands by name; see "Automation" in the README.
 */
import { type CommandName, commands } from '../commands';
import type { StackDisplay } from './StackDisplay';

export interface Automation {
  /** "starting", "ready", "failed" or "context-lost"; undefined while no viewport is open. */
  readonly status: string | undefined;
  readonly seriesInstanceUid: string | undefined;
  /** 0-based index of the image asked for, and of the one whose pixels are on the screen. */
  readonly imageIndex: number | undefined;
  readonly shownImageIndex: number | undefined;
  readonly sopInstanceUid: string | undefined;
  readonly frameNumber: number | undefined;
  readonly numberOfImages: number;
  readonly numberOfImagesLoaded: number;
  readonly numberOfImagesFailed: number;
  readonly imageFailure: string | undefined;
  readonly voi: { center: number; width: number } | undefined;
  /** Name of the colour map; "grey" without one. */
  readonly colourMap: string | undefined;
  readonly scale: number | undefined;
  readonly rotation: number | undefined;
  readonly isInverted: boolean | undefined;
  readonly isFlippedHorizontally: boolean | undefined;
  readonly isFlippedVertically: boolean | undefined;
  readonly isPlaying: boolean | undefined;
  readonly tool: string | undefined;
  /** How many times pixels were drawn since the viewport opened. */
  readonly renders: number;
  run(command: CommandName): boolean;
}

declare global {
  interface Window {
    hounsfield?: Automation;
  }
}

let shown: StackDisplay | undefined;

/** Make this display the one that `window.hounsfield` tells of, until the answer is called. */
export function automate(display: StackDisplay): () => void {
  shown = display;
  return () => {
    if (shown === display) shown = undefined;
  };
}

const state = () => shown?.snapshot();

window.hounsfield = {
  get status() {
    return state()?.status;
  },
  get seriesInstanceUid() {
    return shown?.seriesInstanceUid;
  },
  get imageIndex() {
    return state()?.index;
  },
  get shownImageIndex() {
    return state()?.shownIndex;
  },
  get sopInstanceUid() {
    return shown?.shownImage?.sopInstanceUid;
  },
  get frameNumber() {
    return shown?.shownImage?.frameNumber;
  },
  get numberOfImages() {
    return state()?.count ?? 0;
  },
  get numberOfImagesLoaded() {
    return state()?.loadedCount ?? 0;
  },
  get numberOfImagesFailed() {
    return state()?.failedCount ?? 0;
  },
  get imageFailure() {
    return state()?.imageFailure?.reason;
  },
  get voi() {
    return state()?.window;
  },
  get colourMap() {
    return state()?.colourMap;
  },
  get scale() {
    return state()?.scale;
  },
  get rotation() {
    return state()?.rotation;
  },
  get isInverted() {
    return state()?.isInverted;
  },
  get isFlippedHorizontally() {
    return state()?.isFlippedHorizontally;
  },
  get isFlippedVertically() {
    return state()?.isFlippedVertically;
  },
  get isPlaying() {
    return state()?.isPlaying;
  },
  get tool() {
    return state()?.tool;
  },
  get renders() {
    return state()?.renders ?? 0;
  },
  run: (command) => commands.run(command),
};
