import { formatAgo, formatMoment, useNow } from './time';

/** How long ago something was, kept current; the exact time when pointed at. */
export function Ago({ time_us }: { time_us: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(time_us / 1000).toISOString()} title={formatMoment(time_us)}>
      {formatAgo(time_us, now)}
    </time>
  );
}
