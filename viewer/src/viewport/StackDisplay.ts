/** One cell: which image is shown and how. No React in here; views subscribe to it. */
import { framesPerSecond, isCine } from '../dicom/cine';
import { placeOf, type SeriesImage } from '../dicom/images';
import { text } from '../dicom/json';
import { Tag } from '../dicom/tags';
import type { Window } from '../dicom/windows';
import type { ColourMapName } from './colourMaps';
import { core, imageIdsOf, loadWhole } from './cornerstone';
import { type DisplayState, type DragTool, NOTHING_SHOWN, type SeriesStack } from './displayState';
import { explainFailure } from './failures';
import { ImageClock } from './imageClock';
import { ImageQueue } from './imageQueue';
import type { Stage, StageMember } from './Stage';
import { Surface } from './Surface';
import {
  type Axis,
  applyColourMap,
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

const COUNT_MS = 150;

export class StackDisplay implements StageMember {
  #state: DisplayState;
  #listeners = new Set<() => void>();
  #series: SeriesStack | undefined;
  #imageIds: string[] = [];
  #hasStack = false;
  #isDestroyed = false;
  #isOpening = false;
  #surface: Surface;
  #displaying: Promise<void> = Promise.resolve();
  #clock = new ImageClock();
  #counting: number | undefined;
  #queue: ImageQueue;

  constructor(private readonly stage: Stage) {
    this.#state = {
      status: 'starting',
      failure: '',
      ...NOTHING_SHOWN,
      tool: stage.tool,
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
    this.#surface = new Surface(stage, {
      count: () => this.#state.count,
      onStep: (images) => this.step(images),
      onZoom: (factor) => this.zoomBy(factor),
      onView: (isRendered) => this.#readView(isRendered),
      onImageRemoved: (imageId) => this.#forget(imageId),
      onContextLost: () => this.#loseContext(),
    });
    stage.join(this);
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

  get isOpening(): boolean {
    return this.#isOpening;
  }

  prefetch(): void {
    this.#queue.prefetch();
  }

  toolChanged(tool: DragTool): void {
    this.#update({ tool });
    this.#surface.bindButtons();
  }

  async mount(element: HTMLDivElement): Promise<void> {
    try {
      const engine = await this.stage.start();
      if (!engine || this.#isDestroyed) return;
      this.#surface.attach(element, engine);
      this.#update({ status: 'ready' });
      if (this.#series) this.open(this.#series, this.#state.index);
    } catch (error) {
      this.#update({ status: 'failed', failure: explainFailure(error).detail });
    }
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#isOpening = false;
    this.pause();
    this.#queue.stop();
    window.clearTimeout(this.#counting);
    this.#surface.detach();
    this.stage.leave(this);
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
    this.#isOpening = this.#surface.isAttached && count > 0;
    if (!this.#isOpening) return;
    this.#imageIds = imageIdsOf(series.studyInstanceUid, series.seriesInstanceUid, series.images);
    const isCurrent = () => this.#series === series;
    void this.show(first).then(() => {
      if (!isCurrent() || this.#isDestroyed) return;
      this.#isOpening = false;
      this.stage.opened();
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
    if (!this.#surface.isAttached) return;
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

  setWindow = (window: Window): void => this.#look((view) => applyWindow(view, window));
  /** Give every image its own window back. */
  resetWindow = (): void => this.#look(ownWindows);
  setColourMap = (name: ColourMapName): void => this.#look((view) => applyColourMap(view, name));
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
    return this.#hasStack ? this.#surface.viewport : undefined;
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
    const viewport = this.#surface.viewport;
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

  #forget(imageId: string): void {
    const index = this.#imageIds.indexOf(imageId);
    if (index < 0) return;
    this.#queue.forget(index);
    this.#countImages();
  }

  #loseContext(): void {
    this.pause();
    this.#update({ status: 'context-lost' });
  }

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
