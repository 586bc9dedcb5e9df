/** Keeps what is on the screen current: a change in the archive makes stale what it touches. */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type ChangeEvent, type FeedState, followChanges } from '../api/events';

const GATHER_MS = 300;

/** Gathers changes for a moment, so that a study of 500 images is not 500 questions. */
export class Refresher {
  #studies = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {}

  change(event: ChangeEvent): void {
    for (const study of event.studies) this.#studies.add(study.StudyInstanceUID);
    this.#timer ??= setTimeout(() => this.#refresh(), GATHER_MS);
  }

  everything(): void {
    void this.client.invalidateQueries();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #refresh(): void {
    this.#timer = undefined;
    const studies = this.#studies;
    this.#studies = new Set();
    void this.client.invalidateQueries({ queryKey: ['studies'] }, { cancelRefetch: false });
    void this.client.invalidateQueries({ queryKey: ['totals'] }, { cancelRefetch: false });
    for (const study of studies) {
      void this.client.invalidateQueries({ queryKey: ['study', study] });
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
