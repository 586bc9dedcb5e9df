/** Runs through images by the clock, so that a slow machine drops frames and keeps time. */
export class ImageClock {
  #frame = 0;

  /** `step` goes on by so many images; it gives false while the one before is still awaited. */
  start(count: number, framesPerSecond: number, step: (images: number) => boolean): void {
    this.stop();
    let last = performance.now();
    let due = 0;
    const tick = (now: number) => {
      due = Math.min(due + ((now - last) * framesPerSecond) / 1000, count);
      last = now;
      const images = Math.floor(due);
      this.#frame = requestAnimationFrame(tick);
      if (images > 0 && step(images)) due -= images;
    };
    this.#frame = requestAnimationFrame(tick);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }
}
