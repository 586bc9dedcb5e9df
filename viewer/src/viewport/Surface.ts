/** The element of one cell with its Cornerstone viewport and tools, and what a person does to it. */
import { core } from './cornerstone';
import type { Stage } from './Stage';
import { bindButtons, createTools, destroyTools } from './stackTools';
import { StepGestures, zoomOf } from './stepGestures';

interface SurfaceEvents {
  /** Number of images in the stack, for how far a drag goes. */
  count: () => number;
  onStep: (images: number) => void;
  onZoom: (factor: number) => void;
  /** Something about how the image is shown has changed, or it was drawn. */
  onView: (isRendered: boolean) => void;
  onImageRemoved: (imageId: string) => void;
  onContextLost: () => void;
}

let surfaces = 0;

export class Surface {
  readonly #id = `cell-${++surfaces}`;
  #element: HTMLDivElement | undefined;
  #gestures = new StepGestures();

  constructor(
    private readonly stage: Stage,
    private readonly events: SurfaceEvents,
  ) {}

  get isAttached(): boolean {
    return this.viewport !== undefined;
  }

  get viewport(): core.Types.IStackViewport | undefined {
    if (!this.#element) return undefined;
    return this.stage.engine?.getViewport(this.#id) as core.Types.IStackViewport | undefined;
  }

  attach(element: HTMLDivElement, engine: core.RenderingEngine): void {
    this.#element = element;
    engine.enableElement({
      viewportId: this.#id,
      element,
      type: core.Enums.ViewportType.STACK,
      defaultOptions: { background: [0, 0, 0] },
    });
    // Focused by a click it would take all keys for itself: Cornerstone cancels each that it sees.
    element.removeAttribute('tabindex');
    createTools(this.#id, engine.id, this.#onDrag);
    this.bindButtons();
    this.#listen(element);
  }

  bindButtons(): void {
    bindButtons(this.#id, this.stage.tool);
  }

  detach(): void {
    const element = this.#element;
    if (!element) return;
    const { IMAGE_CACHE_IMAGE_REMOVED, WEBGL_CONTEXT_LOST } = core.Enums.Events;
    core.eventTarget.removeEventListener(IMAGE_CACHE_IMAGE_REMOVED, this.#onImageRemoved);
    core.eventTarget.removeEventListener(WEBGL_CONTEXT_LOST, this.events.onContextLost);
    for (const name of this.#viewEvents()) element.removeEventListener(name, this.#onView);
    element.removeEventListener('wheel', this.#onWheel);
    this.stage.unobserve(element);
    destroyTools(this.#id);
    this.stage.engine?.disableElement(this.#id);
    this.#element = undefined;
  }

  #listen(element: HTMLDivElement): void {
    const { IMAGE_CACHE_IMAGE_REMOVED, WEBGL_CONTEXT_LOST } = core.Enums.Events;
    for (const name of this.#viewEvents()) element.addEventListener(name, this.#onView);
    element.addEventListener('wheel', this.#onWheel, { passive: false });
    core.eventTarget.addEventListener(IMAGE_CACHE_IMAGE_REMOVED, this.#onImageRemoved);
    core.eventTarget.addEventListener(WEBGL_CONTEXT_LOST, this.events.onContextLost);
    this.stage.observe(element);
  }

  #viewEvents(): string[] {
    const { CAMERA_MODIFIED, COLORMAP_MODIFIED, IMAGE_RENDERED, VOI_MODIFIED } = core.Enums.Events;
    return [CAMERA_MODIFIED, COLORMAP_MODIFIED, IMAGE_RENDERED, VOI_MODIFIED];
  }

  #onView = (event: Event): void => {
    this.events.onView(event.type === core.Enums.Events.IMAGE_RENDERED);
  };

  #onDrag = (pixels: number): void => {
    const height = this.#element?.clientHeight ?? 500;
    this.#stepUnlessNone(this.#gestures.drag(pixels, height, this.events.count()));
  };

  #onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) this.events.onZoom(zoomOf(event));
    else this.#stepUnlessNone(this.#gestures.wheel(event));
  };

  #stepUnlessNone(images: number): void {
    if (images !== 0) this.events.onStep(images);
  }

  #onImageRemoved = (event: Event): void => {
    this.events.onImageRemoved((event as CustomEvent<{ imageId: string }>).detail.imageId);
  };
}
