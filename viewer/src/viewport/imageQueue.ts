/** Which image to load next: the one asked for, then its neighbours outward. */

export interface ImageFailure {
  reason: string;
  detail: string;
  /** The archive did not answer at all, so the image itself may be well. */
  isUnreachable?: boolean;
}

interface Options {
  load: (index: number) => Promise<void>;
  explain: (error: unknown) => ImageFailure;
  onChange: () => void;
  /** The archive is asked again after it had not answered. */
  onRetry?: () => void;
  /** Whether there is room to load images that nobody asked for yet. */
  hasRoom: () => boolean;
  parallel?: number;
  timeoutMs?: number;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 8_000;

export class ImageQueue {
  readonly loaded = new Set<number>();
  readonly failures = new Map<number, ImageFailure>();
  #loading = new Map<number, Promise<void>>();
  #count = 0;
  #target = 0;
  #generation = 0;
  #isPaused = true;
  #retryMs = FIRST_RETRY_MS;
  #retrying: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: Options) {}

  /** Begin anew with this many images; what is still loading for the old ones is not counted. */
  restart(count: number, target: number): void {
    this.#generation += 1;
    this.loaded.clear();
    this.failures.clear();
    this.#loading.clear();
    this.#count = count;
    this.#target = target;
    this.#isPaused = true;
    this.#retryMs = FIRST_RETRY_MS;
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
  }

  stop(): void {
    this.restart(0, 0);
  }

  /** Load the image ahead of all others and resolve when it is there. */
  want(index: number): Promise<void> {
    this.#target = index;
    if (this.loaded.has(index)) {
      this.#pump();
      return Promise.resolve();
    }
    this.failures.delete(index);
    return this.#loading.get(index) ?? this.#start(index);
  }

  /** Load the rest of the images, outward from the one asked for last. */
  prefetch(): void {
    this.#isPaused = false;
    this.#pump();
  }

  /** The cache gave the image up. */
  forget(index: number): void {
    this.loaded.delete(index);
  }

  #start(index: number): Promise<void> {
    const generation = this.#generation;
    const loading = withTimeout(this.options.load(index), this.options.timeoutMs ?? 45_000).then(
      () => {
        if (generation !== this.#generation) return;
        this.loaded.add(index);
        this.#retryMs = FIRST_RETRY_MS;
      },
      (error: unknown) => {
        if (generation === this.#generation) this.#fail(index, this.options.explain(error));
        throw error;
      },
    );
    const settle = () => {
      if (generation !== this.#generation) return;
      this.#loading.delete(index);
      this.options.onChange();
      this.#pump();
    };
    loading.then(settle, settle);
    this.#loading.set(index, loading);
    return loading;
  }

  #fail(index: number, failure: ImageFailure): void {
    this.failures.set(index, failure);
    if (!failure.isUnreachable || this.#retrying !== undefined) return;
    // The other images would fail alike: wait until the archive is back.
    this.#retrying = setTimeout(() => {
      this.#retrying = undefined;
      this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
      for (const [one, { isUnreachable }] of this.failures) {
        if (isUnreachable) this.failures.delete(one);
      }
      this.options.onChange();
      this.options.onRetry?.();
      this.#pump();
    }, this.#retryMs);
  }

  #pump(): void {
    if (this.#retrying !== undefined) return;
    while (!this.#isPaused && this.#loading.size < (this.options.parallel ?? 4)) {
      const next = this.options.hasRoom() ? this.#nearestMissing() : undefined;
      if (next === undefined) return;
      // Its failure is kept in `failures` and shown when a person gets to it.
      this.#start(next).catch(() => undefined);
    }
  }

  #nearestMissing(): number | undefined {
    for (let distance = 0; distance < this.#count; distance += 1) {
      for (const index of [this.#target + distance, this.#target - distance]) {
        const isInside = index >= 0 && index < this.#count;
        const isDone =
          this.loaded.has(index) || this.failures.has(index) || this.#loading.has(index);
        if (isInside && !isDone) return index;
      }
    }
    return undefined;
  }
}

function withTimeout<Result>(promise: Promise<Result>, timeoutMs: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not loaded within ${Math.round(timeoutMs / 1000)} seconds`)),
      timeoutMs,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
