import dayjs from 'dayjs';
import relativeTime from 'dayjs/plugin/relativeTime';

dayjs.extend(relativeTime);

/** When something happened, by this computer's clock: "just now", "5 minutes ago", a date. */
export function formatWhen(isoTime: string, now = dayjs()): string {
  const time = dayjs(isoTime);
  if (!time.isValid()) return '';
  const seconds = now.diff(time, 'second');
  if (seconds < 45) return 'just now';
  return seconds < 86_400 ? time.from(now) : time.format('YYYY-MM-DD HH:mm');
}

export const isFresh = (isoTime: string, now = Date.now()): boolean =>
  now - Date.parse(isoTime) < 6000;
