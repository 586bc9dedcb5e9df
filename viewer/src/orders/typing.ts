/** Dates and times as people type them. */
import dayjs from 'dayjs';

/** "2026-11-24", "20261124" or "24.11.2026" as a date; null for what could be read in two ways. */
export function parseDate(typed: string): string | null {
  const text = typed.trim();
  const found =
    /^(?<year>\d{4})[-./]?(?<month>\d{2})[-./]?(?<day>\d{2})$/.exec(text) ??
    /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})$/.exec(text);
  if (!found?.groups) return null;
  const { year = '', month = '', day = '' } = found.groups;
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  // Day.js takes the 31st of February as a day in March.
  return dayjs(iso).format('YYYY-MM-DD') === iso ? iso : null;
}

/** "9:30", "930", "0930", "9.30" and "9" as "HH:mm"; what is none stays as it is. */
export function parseTime(typed: string): string {
  const text = typed.trim();
  const found = /^(\d{1,2})[:.h ]?(\d{2})?$/.exec(text) ?? /^(\d)(\d{2})$/.exec(text);
  if (!found) return text;
  const [, hours = '', minutes = '00'] = found;
  return Number(hours) < 24 && Number(minutes) < 60 ? `${hours.padStart(2, '0')}:${minutes}` : text;
}
