/** How many images a drag or a turn of the wheel goes on, what is left of it kept for the next. */

export class StepGestures {
  #dragRest = 0;
  #wheelRest = 0;

  /** The whole stack is about one height of the view; few images never fly past. */
  drag(pixels: number, height: number, count: number): number {
    const pixelsPerImage = Math.max(2, Math.min(24, height / Math.max(1, count)));
    this.#dragRest += pixels / pixelsPerImage;
    const images = Math.trunc(this.#dragRest);
    this.#dragRest -= images;
    return images;
  }

  /** A notch of a mouse wheel is one image, however many pixels the system makes of it. */
  wheel(event: WheelEvent): number {
    const lines = linesOf(event);
    if (Math.sign(lines) !== Math.sign(this.#wheelRest)) this.#wheelRest = 0;
    const isNotch = event.deltaMode !== 0 || Math.abs(event.deltaY) >= 50;
    this.#wheelRest += isNotch ? Math.sign(lines) : lines;
    const images = Math.trunc(this.#wheelRest);
    this.#wheelRest -= images;
    return images;
  }
}

export const zoomOf = (event: WheelEvent): number => Math.exp(-linesOf(event) * 0.2);

const linesOf = ({ deltaMode, deltaY }: WheelEvent): number =>
  deltaMode === 0 ? deltaY / 60 : deltaY;
