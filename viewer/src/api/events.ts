/** The archive's feed of changes, by server-sent events, resumed where it broke off. */

export interface StudyChange {
  StudyInstanceUID: string;
  patient_key: number | null;
  kind: string;
}

export interface ChangeEvent {
  sequence: number;
  studies: StudyChange[];
}

export type FeedState = 'connecting' | 'online' | 'offline';

interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

/** Splits a text stream into events (HTML Living Standard, 9.2.6). */
export class EventParser {
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  push(chunk: string): ServerEvent[] {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') this.#id = value;
    else if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    return [];
  }

  #dispatch(): ServerEvent[] {
    const event = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    this.#event = '';
    this.#data = [];
    return event.data === '' ? [] : [event];
  }
}

const LONGEST_SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 8_000;

export interface FeedListener {
  onChange: (change: ChangeEvent) => void;
  /** `isResumed` tells that the connection had been lost, so anything may have changed. */
  onState: (state: FeedState, isResumed: boolean) => void;
}

/** Follow the feed until stopped; returns what stops it. */
export function followChanges(listener: FeedListener, url = '/api/events'): () => void {
  const stopped = new AbortController();
  let lastEventId = '';
  let wasOnline = false;
  let failures = 0;

  async function connect(): Promise<void> {
    const attempt = new AbortController();
    const giveUp = () => attempt.abort();
    stopped.signal.addEventListener('abort', giveUp);
    let silence = window.setTimeout(giveUp, LONGEST_SILENCE_MS);
    try {
      const response = await fetch(url, {
        headers: {
          Accept: 'text/event-stream',
          ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}),
        },
        cache: 'no-store',
        signal: attempt.signal,
      });
      if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
      listener.onState('online', wasOnline);
      wasOnline = true;
      failures = 0;
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        window.clearTimeout(silence);
        silence = window.setTimeout(giveUp, LONGEST_SILENCE_MS);
        for (const event of parser.push(value)) {
          if (event.id) lastEventId = event.id;
          if (event.event === 'change') listener.onChange(JSON.parse(event.data) as ChangeEvent);
        }
      }
    } finally {
      window.clearTimeout(silence);
      stopped.signal.removeEventListener('abort', giveUp);
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      await connect().catch(() => undefined);
      if (stopped.signal.aborted) return;
      failures += 1;
      // One quiet try first: a server that restarts should not flash a warning.
      if (failures > 1 || !wasOnline) listener.onState('offline', false);
      const waitMs = Math.min(LONGEST_WAIT_MS, 250 * 2 ** Math.min(failures, 6));
      await new Promise((resolve) => window.setTimeout(resolve, waitMs));
    }
  }

  void run();
  return () => stopped.abort();
}
