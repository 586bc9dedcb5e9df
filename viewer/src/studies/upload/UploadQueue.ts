/** Sends files to the archive, three at a time, and keeps account of what became of each. */
import type { UploadResult } from '../../api/client';
import { type FoundFile, isSystemFile } from './walk';

export type UploadState = 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled';

export interface UploadItem {
  id: number;
  path: string;
  file: File;
  state: UploadState;
  sentBytes: number;
  results: UploadResult[];
  reason: string;
}

export interface Problem {
  id: string;
  name: string;
  outcome: 'failed' | 'skipped';
  reason: string;
}

export interface UploadSummary {
  revision: number;
  isWalking: boolean;
  isActive: boolean;
  files: number;
  finishedFiles: number;
  totalBytes: number;
  sentBytes: number;
  bytesPerSecond: number;
  counts: Record<UploadResult['outcome'], number>;
  cancelled: number;
  items: readonly UploadItem[];
  problems: readonly Problem[];
}

export type Send = (
  file: Blob,
  name: string,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
) => Promise<UploadResult[]>;

const RATE_WINDOW_MS = 4000;

export class UploadQueue {
  #items: UploadItem[] = [];
  #problems: Problem[] = [];
  #counts = noCounts();
  #finished = 0;
  #finishedBytes = 0;
  #totalBytes = 0;
  #sending = new Set<UploadItem>();
  #next = 0;
  #walks = 0;
  #cancel = new AbortController();
  #samples: { at: number; bytes: number }[] = [];
  #listeners = new Set<() => void>();
  #summary: UploadSummary;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly send: Send,
    private readonly options = { parallel: 3, notifyMs: 120 },
  ) {
    this.#summary = this.#summarise(0);
  }

  snapshot = (): UploadSummary => this.#summary;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(files: readonly FoundFile[]): void {
    if (this.#cancel.signal.aborted) this.#cancel = new AbortController();
    for (const { file, path } of files) {
      if (isSystemFile(path)) {
        this.#record({
          name: path,
          outcome: 'skipped',
          reason: 'A file of the operating system',
          StudyInstanceUID: null,
          SOPInstanceUID: null,
          PatientName: null,
        });
        continue;
      }
      const id = this.#items.length;
      this.#items.push({
        id,
        path,
        file,
        state: 'waiting',
        sentBytes: 0,
        results: [],
        reason: '',
      });
      this.#totalBytes += file.size;
    }
    this.#pump();
    this.#changed();
  }

  /** Take files as they are found, and send the first while the rest is still looked for. */
  async addAll(batches: AsyncIterable<FoundFile[]>): Promise<void> {
    this.#walks += 1;
    this.#changed();
    const isCancelled = this.#cancel.signal;
    try {
      for await (const batch of batches) {
        if (isCancelled.aborted) return;
        this.add(batch);
      }
    } finally {
      this.#walks -= 1;
      this.#changed();
    }
  }

  cancel(): void {
    this.#cancel.abort();
    for (const item of this.#items) {
      if (item.state === 'waiting') this.#finish(item, 'cancelled');
    }
    this.#changed();
  }

  retryFailed(): void {
    this.#cancel = this.#cancel.signal.aborted ? new AbortController() : this.#cancel;
    for (const item of this.#items) {
      if (item.state !== 'failed' && item.state !== 'cancelled') continue;
      this.#finished -= 1;
      this.#finishedBytes -= item.file.size;
      if (item.state === 'failed') {
        this.#counts.failed -= 1;
        this.#problems = this.#problems.filter((problem) => problem.id !== `file ${item.id}`);
      }
      Object.assign(item, { state: 'waiting', sentBytes: 0, results: [], reason: '' });
      this.#next = Math.min(this.#next, item.id);
    }
    this.#pump();
    this.#changed();
  }

  /** Forget all that is over; does nothing while files are still on their way. */
  clear(): void {
    if (this.#summary.isActive) return;
    this.#items = [];
    this.#problems = [];
    this.#counts = noCounts();
    this.#finished = 0;
    this.#finishedBytes = 0;
    this.#totalBytes = 0;
    this.#next = 0;
    this.#changed();
  }

  #pump(): void {
    while (this.#sending.size < this.options.parallel && this.#next < this.#items.length) {
      const item = this.#items[this.#next];
      this.#next += 1;
      if (item?.state === 'waiting') void this.#sendItem(item);
    }
  }

  async #sendItem(item: UploadItem): Promise<void> {
    item.state = 'sending';
    this.#sending.add(item);
    const { signal } = this.#cancel;
    try {
      item.results = await this.send(
        item.file,
        item.path,
        (sentBytes) => {
          item.sentBytes = Math.min(sentBytes, item.file.size);
          this.#changed();
        },
        signal,
      );
      for (const result of item.results) this.#record(result);
      this.#finish(item, 'done');
    } catch (error) {
      if (signal.aborted) {
        this.#finish(item, 'cancelled');
      } else {
        item.reason = error instanceof Error ? error.message : String(error);
        this.#counts.failed += 1;
        this.#problems.push({
          id: `file ${item.id}`,
          name: item.path,
          outcome: 'failed',
          reason: item.reason,
        });
        this.#finish(item, 'failed');
      }
    } finally {
      this.#sending.delete(item);
      this.#pump();
      this.#changed();
    }
  }

  #record(result: UploadResult): void {
    this.#counts[result.outcome] += 1;
    if (result.outcome !== 'failed' && result.outcome !== 'skipped') return;
    this.#problems.push({
      id: `result ${this.#problems.length} ${result.name}`,
      name: result.name,
      outcome: result.outcome,
      reason: result.reason ?? '',
    });
  }

  #finish(item: UploadItem, state: UploadState): void {
    item.state = state;
    item.sentBytes = state === 'done' ? item.file.size : 0;
    this.#finished += 1;
    this.#finishedBytes += item.file.size;
  }

  /** Tell the screen, but not more often than it can draw. */
  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#summary = this.#summarise(this.#summary.revision + 1);
      for (const listener of this.#listeners) listener();
    }, this.options.notifyMs);
  }

  #summarise(revision: number): UploadSummary {
    let sentBytes = this.#finishedBytes;
    for (const item of this.#sending) {
      if (item.state === 'sending') sentBytes += item.sentBytes;
    }
    const isActive = this.#finished < this.#items.length || this.#walks > 0;
    return {
      revision,
      isWalking: this.#walks > 0,
      isActive,
      files: this.#items.length,
      finishedFiles: this.#finished,
      totalBytes: this.#totalBytes,
      sentBytes,
      bytesPerSecond: isActive ? this.#rate(sentBytes) : 0,
      counts: { ...this.#counts },
      cancelled: this.#items.filter((item) => item.state === 'cancelled').length,
      items: this.#items,
      problems: [...this.#problems],
    };
  }

  #rate(sentBytes: number): number {
    const now = Date.now();
    this.#samples.push({ at: now, bytes: sentBytes });
    this.#samples = this.#samples.filter((sample) => now - sample.at <= RATE_WINDOW_MS);
    const first = this.#samples[0];
    if (!first || now === first.at || sentBytes < first.bytes) return 0;
    return ((sentBytes - first.bytes) * 1000) / (now - first.at);
  }
}

const noCounts = (): UploadSummary['counts'] => ({
  stored: 0,
  duplicate: 0,
  version: 0,
  skipped: 0,
  failed: 0,
});
