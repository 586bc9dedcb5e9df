/**
 * All cells of a study page together: one rendering engine, one WebGL context and one chosen tool.
 * A browser keeps only about sixteen contexts, so cells must not have their own.
 */
import { core, startCornerstone } from './cornerstone';
import type { DragTool } from './displayState';

/** What the stage asks of the display of a cell. */
export interface StageMember {
  /** Whether it still waits for the first image of its series. */
  readonly isOpening: boolean;
  prefetch(): void;
  toolChanged(tool: DragTool): void;
}

let stages = 0;

export class Stage {
  readonly id = `stage-${++stages}`;
  tool: DragTool;
  #members = new Set<StageMember>();
  #engine: core.RenderingEngine | undefined;
  #isDestroyed = false;
  #resizing = new ResizeObserver(() => this.#resize());

  constructor() {
    const isTouch = window.matchMedia?.('(pointer: coarse)').matches ?? false;
    this.tool = isTouch ? 'scroll' : 'window';
  }

  /** Start what is needed to draw; undefined when the page was left meanwhile. */
  async start(): Promise<core.RenderingEngine | undefined> {
    await startCornerstone();
    if (this.#isDestroyed) return undefined;
    this.#engine ??= new core.RenderingEngine(this.id);
    return this.#engine;
  }

  get engine(): core.RenderingEngine | undefined {
    return this.#engine;
  }

  join(member: StageMember): void {
    this.#members.add(member);
  }

  leave(member: StageMember): void {
    this.#members.delete(member);
    this.opened();
  }

  setTool(tool: DragTool): void {
    this.tool = tool;
    for (const member of this.#members) member.toolChanged(tool);
  }

  /** The first image of every cell comes before the second of any. */
  opened(): void {
    const members = [...this.#members];
    if (members.some((member) => member.isOpening)) return;
    for (const member of members) member.prefetch();
  }

  /** Draw into the element at the size that it has, now and whenever it changes. */
  observe(element: HTMLDivElement): void {
    this.#resizing.observe(element);
  }

  unobserve(element: HTMLDivElement): void {
    this.#resizing.unobserve(element);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#resizing.disconnect();
    if (!this.#engine) return;
    this.#engine.destroy();
    this.#engine = undefined;
    core.cache.purgeCache();
  }

  /** Fit the images to their new sizes; zoom and place that a person gave them are kept in proportion. */
  #resize(): void {
    const engine = this.#engine;
    if (!engine) return;
    const viewports = engine.getViewports() as core.Types.IStackViewport[];
    const visible = viewports.filter(({ element }) => element.clientWidth && element.clientHeight);
    const shown = visible.filter((viewport) => viewport.getCurrentImageId?.());
    const views = shown.map((viewport) => viewport.getViewPresentation());
    engine.resize(true, false);
    for (const [place, viewport] of shown.entries()) {
      // The engine leaves the camera alone where a drawing was already due.
      viewport.resetCamera();
      viewport.setViewPresentation(views[place] as core.Types.ViewPresentation);
      viewport.render();
    }
  }
}
