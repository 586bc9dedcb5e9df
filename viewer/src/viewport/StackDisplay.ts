/** One stack viewport: which image is shown and how. No React in here; views subscribe to it. */
import { framesPerSecond, isCine } from '../dicom/cine';
import type { SeriesImage } from '../dicom/images';
import { text, texts } from '../dicom/json';
import { type EdgeLetters, edgeLetters, type ScreenAxes } from '../dicom/orientation';
import { Tag } from '../dicom/tags';
import { rangeOf, type Window, windowOf } from '../dicom/windows';
import { core, imageIdsOf, startCornerstone, tools } from './cornerstone';
import { explainFailure } from './failures';
import { type ImageFailure, ImageQueue } from './imageQueue';
import { StackDragTool } from './StackDragTool';

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

const NOTHING_SHOWN = {
  index: 0,
  shownIndex: undefined,
  count: 0,
  isLoading: false,
  imageFailure: undefined,
  loadedCount: 0,
  failedCount: 0,
  window: undefined,
  isColour: false,
  isInverted: false,
  isFlippedHorizontally: false,
  isFlippedVertically: false,
  rotation: 0,
  scale: undefined,
  letters: undefined,
  isPlaying: false,
} satisfies Partial<DisplayState>;

const VIEWPORT_ID = 'stack';
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
  #dragRest = 0;
  #wheelRest = 0;
  #playing = 0;
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
      onChange: () => this.#countImages(),
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
      this.#bindTools();
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
    this.#resizing?.disconnect();
    core.eventTarget.removeEventListener(
      core.Enums.Events.IMAGE_CACHE_IMAGE_REMOVED,
      this.#onImageRemoved,
    );
    core.eventTarget.removeEventListener(core.Enums.Events.WEBGL_CONTEXT_LOST, this.#onContextLost);
    this.#element?.removeEventListener('wheel', this.#onWheel);
    if (!this.#engine) return;
    tools.ToolGroupManager.destroyToolGroup(this.#id);
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

  /** Go on with the same series after more images arrived; the picture stays the same. */
  extend(series: SeriesStack): void {
    const current = this.image;
    const isSame = (image: SeriesImage) =>
      image.sopInstanceUid === current?.sopInstanceUid && image.frameNumber === current.frameNumber;
    const index = current ? series.images.findIndex(isSame) : -1;
    const { window: shown, isInverted } = this.#state;
    const presentation = this.#viewport?.getViewPresentation();
    const wasPlaying = this.#state.isPlaying;
    this.open(series, index >= 0 ? index : undefined);
    void this.#displaying.then(async () => {
      await this.#queue.want(this.#state.index).catch(() => undefined);
      await this.#displaying;
      if (this.#series !== series || !this.#viewport || !this.#hasStack) return;
      if (shown) this.setWindow(shown);
      this.#viewport.setProperties({ invert: isInverted });
      if (presentation) this.#viewport.setViewPresentation(presentation);
      this.#viewport.render();
      if (wasPlaying) this.play();
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
    this.#bindButtons();
  }

  setWindow(window: Window): void {
    this.#viewport?.setProperties({ voiRange: rangeOf(window) });
    this.#viewport?.render();
  }

  /** Give every image its own window back. */
  resetWindow(): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const { invert } = viewport.getProperties();
    viewport.resetProperties();
    viewport.setProperties({ invert });
    viewport.render();
  }

  invert(): void {
    const viewport = this.#viewport;
    viewport?.setProperties({ invert: !viewport.getProperties().invert });
    viewport?.render();
  }

  rotate(degrees: number): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const { rotation = 0, ...rest } = viewport.getViewPresentation();
    viewport.setViewPresentation({ ...rest, rotation: (rotation + degrees + 360) % 360 });
    viewport.render();
  }

  flip(axis: 'horizontal' | 'vertical'): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const { flipHorizontal = false, flipVertical = false } = viewport.getViewPresentation();
    viewport.setViewPresentation(
      axis === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical },
    );
    viewport.render();
  }

  fit(): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const { rotation, flipHorizontal, flipVertical } = viewport.getViewPresentation();
    viewport.resetCamera();
    viewport.setViewPresentation({ rotation, flipHorizontal, flipVertical });
    viewport.render();
  }

  zoomBy(factor: number): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const zoom = viewport.getZoom() * factor;
    if (zoom < 0.05 || zoom > 100) return;
    viewport.setZoom(zoom);
    viewport.render();
  }

  /** One image pixel to one pixel of the screen. */
  actualSize(): void {
    if (this.#state.scale) this.zoomBy(1 / this.#state.scale);
  }

  reset(): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    viewport.resetProperties();
    viewport.setViewPresentation({ rotation: 0, flipHorizontal: false, flipVertical: false });
    viewport.resetCamera();
    viewport.render();
  }

  setFramesPerSecond(rate: number): void {
    this.#update({ framesPerSecond: Math.min(60, Math.max(1, rate)) });
    if (this.#state.isPlaying) this.play();
  }

  /** Run through the images by the clock, so that a slow machine drops frames and keeps time. */
  play(): void {
    cancelAnimationFrame(this.#playing);
    if (this.#state.count < 2) return;
    this.#update({ isPlaying: true });
    let last = performance.now();
    let due = 0;
    const tick = (now: number) => {
      const { count, index, isLoading, framesPerSecond: rate } = this.#state;
      due = Math.min(due + ((now - last) * rate) / 1000, count);
      last = now;
      const steps = Math.floor(due);
      if (steps > 0 && !isLoading && this.#state.shownIndex === index) {
        due -= steps;
        void this.show((index + steps) % count);
      }
      if (this.#state.isPlaying) this.#playing = requestAnimationFrame(tick);
    };
    this.#playing = requestAnimationFrame(tick);
  }

  pause(): void {
    cancelAnimationFrame(this.#playing);
    if (this.#state.isPlaying) this.#update({ isPlaying: false });
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
    await core.imageLoader.loadAndCacheImage(imageId);
  }

  async #display(index: number): Promise<void> {
    const viewport = this.#engine?.getViewport(VIEWPORT_ID) as
      | core.Types.IStackViewport
      | undefined;
    if (!viewport) return;
    if (this.#hasStack) {
      await viewport.setImageIdIndex(index);
    } else {
      await viewport.setStack([...this.#imageIds], index);
      viewport.resetProperties();
      viewport.setViewPresentation({ rotation: 0, flipHorizontal: false, flipVertical: false });
      viewport.resetCamera();
      this.#hasStack = true;
    }
    const dataset = this.#imageAt(index)?.dataset;
    const isColour = !/^MONOCHROME/.test(
      text(dataset, Tag.PhotometricInterpretation) || 'MONOCHROME2',
    );
    this.#update({ shownIndex: index, isLoading: false, isColour });
    viewport.render();
  }

  #bindTools(): void {
    const group = tools.ToolGroupManager.createToolGroup(this.#id);
    if (!group) return;
    for (const { toolName } of [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool]) {
      group.addTool(toolName);
    }
    group.addTool(StackDragTool.toolName, { onDrag: this.#onDrag });
    group.addViewport(VIEWPORT_ID, this.#id);
    this.#bindButtons();
  }

  /** The chosen tool on the first button and one finger; moving and zooming always on the others. */
  #bindButtons(): void {
    const group = tools.ToolGroupManager.getToolGroup(this.#id);
    if (!group) return;
    const { Primary, Secondary, Auxiliary } = tools.Enums.MouseBindings;
    const names: Record<DragTool, string> = {
      window: tools.WindowLevelTool.toolName,
      scroll: StackDragTool.toolName,
      zoom: tools.ZoomTool.toolName,
      pan: tools.PanTool.toolName,
    };
    const always: Partial<Record<DragTool, tools.Types.IToolBinding[]>> = {
      pan: [{ mouseButton: Auxiliary }],
      zoom: [{ mouseButton: Secondary }, { numTouchPoints: 2 }],
    };
    for (const tool of Object.keys(names) as DragTool[]) {
      group.setToolPassive(names[tool], { removeAllBindings: true });
    }
    for (const tool of Object.keys(names) as DragTool[]) {
      const bindings = [
        ...(always[tool] ?? []),
        ...(tool === this.#state.tool ? [{ mouseButton: Primary }, { numTouchPoints: 1 }] : []),
      ];
      if (bindings.length > 0) group.setToolActive(names[tool], { bindings });
    }
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
    // The whole stack is about one height of the view; few images never fly past.
    const pixelsPerImage = Math.max(2, Math.min(24, height / Math.max(1, this.#state.count)));
    this.#dragRest += pixels / pixelsPerImage;
    const images = Math.trunc(this.#dragRest);
    if (images === 0) return;
    this.#dragRest -= images;
    this.step(images);
  };

  #onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 60 : event.deltaY;
    if (event.ctrlKey || event.metaKey) {
      this.zoomBy(Math.exp(-lines * 0.2));
      return;
    }
    if (Math.sign(lines) !== Math.sign(this.#wheelRest)) this.#wheelRest = 0;
    // A notch of a mouse wheel is one image, however many pixels the system makes of it.
    const isNotch = Math.abs(event.deltaY) >= 50 || event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL;
    this.#wheelRest += isNotch ? Math.sign(lines) : lines;
    const images = Math.trunc(this.#wheelRest);
    if (images === 0) return;
    this.#wheelRest -= images;
    this.step(images);
  };

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

  #countImages(): void {
    this.#update({
      loadedCount: this.#queue.loaded.size,
      failedCount: this.#queue.failures.size,
    });
  }

  #readView(isRendered: boolean): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const { voiRange, invert = false } = viewport.getProperties();
    const view = viewport.getViewPresentation();
    this.#update({
      window: voiRange ? windowOf(voiRange) : undefined,
      isInverted: invert,
      isFlippedHorizontally: view.flipHorizontal ?? false,
      isFlippedVertically: view.flipVertical ?? false,
      rotation: Math.round(view.rotation ?? 0) % 360,
      ...this.#readAxes(viewport),
      renders: this.#state.renders + (isRendered ? 1 : 0),
    });
  }

  /** How the image lies on the screen, from where two pixels of it are drawn. */
  #readAxes(viewport: core.Types.IStackViewport): Pick<DisplayState, 'scale' | 'letters'> {
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
    const image = this.shownImage;
    return {
      scale: (columnSize / 100) * (canvas.width / canvas.clientWidth),
      letters:
        image && edgeLetters(image.plane, texts(image.dataset, Tag.PatientOrientation), axes),
    };
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
