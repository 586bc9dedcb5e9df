/** Keeps what is on the screen current: a change in the archive makes stale what it touches. */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type ChangeEvent, type FeedState, followChanges } from '../api/events';

const GATHER_MS = 300;

/**
 * Gathers changes for a moment, so that a study of 500 images is not 500 questions, and asks again only
 * when the answers are there: what changes meanwhile is asked about in the next round.
 */
export class Refresher {
  #studies = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(private readonly client: QueryClient) {}

  change(event: ChangeEvent): void {
    for (const study of event.studies) this.#studies.add(study.StudyInstanceUID);
    this.#timer ??= setTimeout(() => void this.#refresh(), GATHER_MS);
  }

  /** All but what asks another system, which is asked only when a person says so. */
  everything(): void {
    void this.client.invalidateQueries({ predicate: ({ meta }) => meta?.asksElsewhere !== true });
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    const studies = this.#studies;
    this.#studies = new Set();
    const keys = [
      ['studies'],
      ['totals'],
      ['orders'],
      ...[...studies].map((study) => ['study', study]),
    ];
    await Promise.allSettled(keys.map((queryKey) => this.client.invalidateQueries({ queryKey })));
    this.#timer = undefined;
    if (this.#studies.size > 0 && !this.#isStopped) {
      this.#timer = setTimeout(() => void this.#refresh(), GATHER_MS);
    }
  }
}

export function useFeed(): FeedState {
  const client = useQueryClient();
  const [state, setState] = useState<FeedState>('connecting');
  useEffect(() => {
    const refresher = new Refresher(client);
    const stop = followChanges({
      onChange: (event) => refresher.change(event),
      onState: (next, isResumed) => {
        setState(next);
        if (isResumed) refresher.everything();
      },
    });
    return () => {
      stop();
      refresher.stop();
    };
  }, [client]);
  return state;
}
