/** Progress and waiting times as a person reads them. */
import { counted, formatCount } from './bytes';

interface Progress {
  done: number;
  total: number;
}

/** How much is done, in percent; undefined while nobody knows how much there is. */
export const percentOf = ({ done, total }: Progress): number | undefined =>
  total > 0 ? Math.min(100, (100 * done) / total) : undefined;

/** "212 of 240", "212" while the whole is unknown, "" before the first. */
export function progressOf({ done, total }: Progress): string {
  if (total > 0) return `${formatCount(done)} of ${formatCount(total)}`;
  return done > 0 ? counted(done, 'image') : '';
}

/** "in 12 s", "in 3 min", "in 2 h"; "now" when the time has come. */
export function countdown(untilUs: number, nowMs: number): string {
  const seconds = Math.ceil((untilUs / 1000 - nowMs) / 1000);
  if (seconds <= 0) return 'now';
  if (seconds < 90) return `in ${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `in ${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `in ${hours} h` : `in ${Math.round(hours / 24)} days`;
}

/** Why a peer refused something, with its status where the words do not have it already. */
export function reasonOf({ status, text }: { status: string | null; text: string }): string {
  if (!status || text.includes(status)) return text || 'Without a reason';
  return text ? `${text} (status ${status})` : `Status ${status}`;
}
