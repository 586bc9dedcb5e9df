/** One stack viewport: which image is shown and how. No React in here; views subscribe to it. */
import { framesPerSecond, isCine } from '../dicom/cine';
import { placeOf, type SeriesImage } from '../dicom/images';
import { text } from '../dicom/json';
import { Tag } from '../dicom/tags';
import type { Window } from '../dicom/windows';
import { core, imageIdsOf, loadWhole, startCornerstone } from './cornerstone';
import { type DisplayState, type DragTool, NOTHING_SHOWN, type SeriesStack } from './displayState';
import { explainFailure } from './failures';
import { ImageClock } from './imageClock';
import { ImageQueue } from './imageQueue';
import { bindButtons, createTools, destroyTools } from './stackTools';
import {
  type Axis,
  applyWindow,
  fit,
  flip,
  invert,
  keepView,
  ownWindows,
  readView,
  resetView,
  rotate,
  zoomBy,
} from './stackView';
import { StepGestures, zoomOf } from './stepGestures';

const VIEWPORT_ID = 'stack';
const COUNT_MS = 150;
let displays = 0;

export class StackDisplay {
  #state: DisplayState;
  #listeners = new Set<() => void>();
  #id = `display-${++displays}`;
  #series: SeriesStack | undefined;
  #imageIds: string[] = [];
  #hasStack = false;
  #isDestroyed = false;
  #engine: core.RenderingEngine | undefined;
  #element: HTMLDivElement | undefined;
  #resizing: ResizeObserver | undefined;
  #displaying: Promise<void> = Promise.resolve();
  #gestures = new StepGestures();
  #clock = new ImageClock();
  #counting: number | undefined;
  #queue: ImageQueue;

  constructor() {
    const isTouch = window.matchMedia?.('(pointer: coarse)').matches ?? false;
    this.#state = {
      status: 'starting',
      failure: '',
      ...NOTHING_SHOWN,
      tool: isTouch ? 'scroll' : 'window',
      framesPerSecond: 15,
      renders: 0,
    };
    this.#queue = new ImageQueue({
      load: (index) => this.#load(index),
      explain: explainFailure,
      onChange: () => this.#countSoon(),
      onRetry: () => this.#retry(),
      hasRoom: () => core.cache.getCacheSize() < core.cache.getMaxCacheSize() * 0.85,
    });
  }

  snapshot = (): DisplayState => this.#state;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get seriesInstanceUid(): string | undefined {
    return this.#series?.seriesInstanceUid;
  }

  get shownImage(): SeriesImage | undefined {
    return this.#imageAt(this.#state.shownIndex);
  }

  /** The image asked for, shown or not. */
  get image(): SeriesImage | undefined {
    return this.#imageAt(this.#state.index);
  }

  hasLoaded = (index: number): boolean => this.#queue.loaded.has(index);
  hasFailed = (index: number): boolean => this.#queue.failures.has(index);

  async mount(element: HTMLDivElement): Promise<void> {
    try {
      await startCornerstone();
      if (this.#isDestroyed) return;
      this.#element = element;
      this.#engine = new core.RenderingEngine(this.#id);
      this.#engine.enableElement({
        viewportId: VIEWPORT_ID,
        element,
        type: core.Enums.ViewportType.STACK,
        defaultOptions: { background: [0, 0, 0] },
      });
      createTools(this.#id, VIEWPORT_ID, this.#onDrag);
      bindButtons(this.#id, this.#state.tool);
      this.#listen(element);
      this.#update({ status: 'ready' });
      if (this.#series) this.open(this.#series, this.#state.index);
    } catch (error) {
      this.#update({ status: 'failed', failure: explainFailure(error).detail });
    }
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.pause();
    this.#queue.stop();
    window.clearTimeout(this.#counting);
    this.#resizing?.disconnect();
    core.eventTarget.removeEventListener(
      core.Enums.Events.IMAGE_CACHE_IMAGE_REMOVED,
      this.#onImageRemoved,
    );
    core.eventTarget.removeEventListener(core.Enums.Events.WEBGL_CONTEXT_LOST, this.#onContextLost);
    this.#element?.removeEventListener('wheel', this.#onWheel);
    if (!this.#engine) return;
    destroyTools(this.#id);
    this.#engine.destroy();
    this.#engine = undefined;
    core.cache.purgeCache();
  }

  /** Show a series; without an index a stack opens at its middle, anything else at its start. */
  open(series: SeriesStack, index?: number): void {
    this.pause();
    this.#series = series;
    this.#hasStack = false;
    const count = series.images.length;
    const middle = series.isStack ? Math.floor(count / 2) : 0;
    const first = clamp(index ?? middle, count);
    const dataset = series.images[0]?.dataset;
    this.#update({
      ...NOTHING_SHOWN,
      index: first,
      count,
      framesPerSecond: dataset ? framesPerSecond(dataset) : 15,
    });
    this.#queue.restart(count, first);
    if (!this.#engine || count === 0) return;
    this.#imageIds = imageIdsOf(series.studyInstanceUid, series.seriesInstanceUid, series.images);
    const isCurrent = () => this.#series === series;
    void this.show(first).then(() => {
      if (!isCurrent() || this.#isDestroyed) return;
      this.#queue.prefetch();
      if (dataset && isCine(dataset)) this.play();
    });
  }

  /** Go on with the same series after more images arrived; what is on the screen stays. */
  extend(series: SeriesStack): void {
    const index = placeOf(series.images, this.image);
    const shownIndex = placeOf(series.images, this.shownImage);
    if (!this.#hasStack || index < 0 || shownIndex < 0) {
      this.open(series, index >= 0 ? index : undefined);
      return;
    }
    const loaded = new Set(this.#imageIds.filter((_, place) => this.hasLoaded(place)));
    this.#series = series;
    this.#imageIds = imageIdsOf(series.studyInstanceUid, series.seriesInstanceUid, series.images);
    this.#queue.restart(series.images.length, index);
    for (const [place, imageId] of this.#imageIds.entries()) {
      if (loaded.has(imageId)) this.#queue.loaded.add(place);
    }
    this.#update({ index, shownIndex, count: series.images.length });
    this.#countImages();
    this.#displaying = this.#displaying
      .then(() => (this.#series === series ? this.#restack(shownIndex) : undefined))
      .catch(() => undefined);
    void this.#displaying.then(() => {
      if (this.#series !== series || this.#isDestroyed) return;
      if (this.#state.index !== this.#state.shownIndex) void this.show(this.#state.index);
      this.#queue.prefetch();
    });
  }

  async show(index: number): Promise<void> {
    const series = this.#series;
    if (!series || this.#state.count === 0) return;
    const target = clamp(index, this.#state.count);
    const isThere = this.#queue.loaded.has(target);
    this.#update({ index: target, isLoading: !isThere, imageFailure: undefined });
    if (!this.#engine) return;
    const isWanted = () =>
      this.#series === series && this.#state.index === target && !this.#isDestroyed;
    try {
      await this.#queue.want(target);
      if (!isWanted()) return;
      this.#displaying = this.#displaying.then(() =>
        isWanted() ? this.#display(target) : undefined,
      );
      await this.#displaying;
    } catch (error) {
      this.#displaying = Promise.resolve();
      if (isWanted()) {
        this.pause();
        const imageFailure = this.#queue.failures.get(target) ?? explainFailure(error);
        this.#update({ isLoading: false, imageFailure });
      }
    }
  }

  step(images: number): void {
    this.pause();
    void this.show(this.#state.index + images);
  }

  setTool(tool: DragTool): void {
    this.#update({ tool });
    bindButtons(this.#id, tool);
  }

  setWindow = (window: Window): void => this.#look((view) => applyWindow(view, window));
  /** Give every image its own window back. */
  resetWindow = (): void => this.#look(ownWindows);
  invert = (): void => this.#look(invert);
  rotate = (degrees: number): void => this.#look((view) => rotate(view, degrees));
  flip = (axis: Axis): void => this.#look((view) => flip(view, axis));
  fit = (): void => this.#look(fit);
  zoomBy = (factor: number): void => this.#look((view) => zoomBy(view, factor));
  reset = (): void => this.#look(resetView);

  /** One image pixel to one pixel of the screen. */
  actualSize(): void {
    if (this.#state.scale) this.zoomBy(1 / this.#state.scale);
  }

  setFramesPerSecond(rate: number): void {
    this.#update({ framesPerSecond: Math.min(60, Math.max(1, rate)) });
    if (this.#state.isPlaying) this.play();
  }

  play(): void {
    this.#clock.stop();
    if (this.#state.count < 2) return;
    this.#update({ isPlaying: true });
    this.#clock.start(this.#state.count, this.#state.framesPerSecond, (images) => {
      const { count, index, isLoading, shownIndex } = this.#state;
      if (isLoading || shownIndex !== index) return false;
      void this.show((index + images) % count);
      return true;
    });
  }

  pause(): void {
    this.#clock.stop();
    if (this.#state.isPlaying) this.#update({ isPlaying: false });
  }

  /** Change how the image is looked at, if there is one. */
  #look(change: (viewport: core.Types.IStackViewport) => void): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    change(viewport);
    viewport.render();
  }

  get #viewport(): core.Types.IStackViewport | undefined {
    if (!this.#hasStack) return undefined;
    return this.#engine?.getViewport(VIEWPORT_ID) as core.Types.IStackViewport | undefined;
  }

  #imageAt(index: number | undefined): SeriesImage | undefined {
    return index === undefined ? undefined : this.#series?.images[index];
  }

  async #load(index: number): Promise<void> {
    const imageId = this.#imageIds[index];
    if (imageId === undefined) throw new Error('there is no such image');
    await loadWhole(imageId);
  }

  /** The notice of the failure stays until the image is there. */
  #retry(): void {
    const { index, imageFailure } = this.#state;
    const series = this.#series;
    if (!imageFailure?.isUnreachable) return;
    const showIfWanted = () => {
      if (this.#series === series && this.#state.index === index) void this.show(index);
    };
    this.#queue.want(index).then(showIfWanted, () => undefined);
  }

  /** Hand the viewport its longer stack, which resets it, and bring back how it was. */
  async #restack(index: number): Promise<void> {
    const viewport = this.#viewport;
    const image = this.#imageAt(index);
    if (!viewport || !image) return;
    const restore = keepView(viewport, image);
    await viewport.setStack([...this.#imageIds], index);
    restore();
    viewport.render();
  }

  async #display(index: number): Promise<void> {
    const series = this.#series;
    const viewport = this.#engine?.getViewport(VIEWPORT_ID) as
      | core.Types.IStackViewport
      | undefined;
    if (!viewport) return;
    // Another series may have been opened meanwhile: its texts must not stand on these pixels.
    const isStale = () => this.#series !== series || this.#isDestroyed;
    if (this.#hasStack) {
      await viewport.setImageIdIndex(index);
      if (isStale()) return;
    } else {
      await viewport.setStack([...this.#imageIds], index);
      if (isStale()) return;
      resetView(viewport);
      this.#hasStack = true;
    }
    const dataset = this.#imageAt(index)?.dataset;
    const isColour = !/^MONOCHROME/.test(
      text(dataset, Tag.PhotometricInterpretation) || 'MONOCHROME2',
    );
    this.#update({ shownIndex: index, isLoading: false, isColour });
    viewport.render();
  }

  #listen(element: HTMLDivElement): void {
    const { Events } = core.Enums;
    element.addEventListener(Events.IMAGE_RENDERED, () => this.#readView(true));
    element.addEventListener(Events.CAMERA_MODIFIED, () => this.#readView(false));
    element.addEventListener(Events.VOI_MODIFIED, () => this.#readView(false));
    element.addEventListener('wheel', this.#onWheel, { passive: false });
    core.eventTarget.addEventListener(Events.IMAGE_CACHE_IMAGE_REMOVED, this.#onImageRemoved);
    core.eventTarget.addEventListener(Events.WEBGL_CONTEXT_LOST, this.#onContextLost);
    this.#resizing = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientHeight > 0) this.#engine?.resize(true, true);
    });
    this.#resizing.observe(element);
  }

  #onDrag = (pixels: number): void => {
    const height = this.#element?.clientHeight ?? 500;
    this.#stepUnlessNone(this.#gestures.drag(pixels, height, this.#state.count));
  };

  #onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) this.zoomBy(zoomOf(event));
    else this.#stepUnlessNone(this.#gestures.wheel(event));
  };

  #stepUnlessNone(images: number): void {
    if (images !== 0) this.step(images);
  }

  #onImageRemoved = (event: Event): void => {
    const { imageId } = (event as CustomEvent<{ imageId: string }>).detail;
    const index = this.#imageIds.indexOf(imageId);
    if (index < 0) return;
    this.#queue.forget(index);
    this.#countImages();
  };

  #onContextLost = (): void => {
    this.pause();
    this.#update({ status: 'context-lost' });
  };

  /** Of hundreds of images that arrive in a second not each is worth drawing the page anew. */
  #countSoon(): void {
    this.#counting ??= window.setTimeout(() => this.#countImages(), COUNT_MS);
  }

  #countImages(): void {
    window.clearTimeout(this.#counting);
    this.#counting = undefined;
    this.#update({
      loadedCount: this.#queue.loaded.size,
      failedCount: this.#queue.failures.size,
    });
  }

  #readView(isRendered: boolean): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    this.#update({
      ...readView(viewport, this.shownImage),
      renders: this.#state.renders + (isRendered ? 1 : 0),
    });
  }

  #update(changes: Partial<DisplayState>): void {
    if (this.#isDestroyed) return;
    const keys = Object.keys(changes) as (keyof DisplayState)[];
    if (keys.every((key) => Object.is(this.#state[key], changes[key]))) return;
    this.#state = { ...this.#state, ...changes };
    for (const listener of this.#listeners) listener();
  }
}

function clamp(index: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.trunc(index)));
}
