/** Points in time of our API (microseconds since 1970 UTC) as a person reads them. */
import dayjs from 'dayjs';
import relativeTime from 'dayjs/plugin/relativeTime';
import { useSyncExternalStore } from 'react';

dayjs.extend(relativeTime);

const SECOND_US = 1_000_000;

/** "just now", "40 seconds ago", "5 minutes ago", a date; of what lies ahead "in 5 minutes". */
export function formatAgo(time_us: number, now_ms = Date.now()): string {
  const seconds = Math.round((now_ms - time_us / 1000) / 1000);
  if (Math.abs(seconds) < 10) return 'just now';
  if (seconds >= 86_400 || seconds <= -86_400) return formatMoment(time_us);
  if (Math.abs(seconds) < 60) return seconds > 0 ? `${seconds} s ago` : `in ${-seconds} s`;
  return dayjs(time_us / 1000).from(dayjs(now_ms));
}

/** The date and time by this computer's clock, to the second. */
export const formatMoment = (time_us: number): string =>
  dayjs(time_us / 1000).format('YYYY-MM-DD HH:mm:ss');

/** How long something took: "8 ms", "1.4 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(duration_us: number): string {
  if (duration_us < SECOND_US) return `${Math.max(0, Math.round(duration_us / 1000))} ms`;
  const seconds = duration_us / SECOND_US;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A clock that many parts look at and that ticks only while one does. */
class Clock {
  #now = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #listeners = new Set<() => void>();

  constructor(private readonly every_ms: number) {}

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#tick(), this.every_ms);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  };

  now = (): number => {
    // A clock that stood still is set before it is looked at, so that nothing new looks old.
    if (this.#timer === undefined && Date.now() - this.#now >= this.every_ms) {
      this.#now = Date.now();
    }
    return this.#now;
  };

  #tick(): void {
    this.#now = Date.now();
    for (const listener of this.#listeners) listener();
  }
}

const clocks = new Map<number, Clock>();

/** The current time, anew every so often, for what says how long ago something was. */
export function useNow(every_ms = 10_000): number {
  let clock = clocks.get(every_ms);
  if (!clock) {
    clock = new Clock(every_ms);
    clocks.set(every_ms, clock);
  }
  return useSyncExternalStore(clock.subscribe, clock.now);
}
