/** DICOM values as a person reads them: names, dates, times, ages (PS3.5 section 6.2). */

/** "Doe^Jane^^Dr" as "Doe, Jane (Dr)"; of several groups the alphabetic one, else the next. */
export function formatName(name: string | null | undefined): string {
  const group = (name ?? '').split('=').find((part) => part.replaceAll('^', '').trim()) ?? '';
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group
    .split('^')
    .map((part) => part.trim());
  const first = [given, middle].filter(Boolean).join(' ');
  const titles = [prefix, suffix].filter(Boolean).join(' ');
  const full = [family, first].filter(Boolean).join(', ');
  return titles && full ? `${full} (${titles})` : full || titles;
}

/** The groups that `formatName` leaves out, "山田^太郎=やまだ^たろう" as "山田 太郎 · やまだ たろう". */
export function formatOtherNames(name: string | null | undefined): string {
  const groups = (name ?? '')
    .split('=')
    .map((group) => group.split('^').map((part) => part.trim()));
  const filled = groups.map((parts) => parts.filter(Boolean).join(' ')).filter(Boolean);
  return filled.slice(1).join(' · ');
}

/** "20240131" as "2024-01-31", and what is no whole date as it stands. */
export function formatDate(date: string | null | undefined): string {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec((date ?? '').trim());
  return match ? `${match[1]}-${match[2]}-${match[3]}` : (date ?? '').trim();
}

/** "142530.123" as "14:25". */
export function formatTime(time: string | null | undefined): string {
  const match = /^(\d{2}):?(\d{2})?/.exec((time ?? '').trim());
  return match ? `${match[1]}:${match[2] ?? '00'}` : '';
}

/** Whole years between birth and a later date, both "YYYYMMDD"; undefined when either is not. */
export function ageInYears(birth: string | null | undefined, at: string | null | undefined) {
  const [from, to] = [formatDate(birth), formatDate(at)];
  if (from.length !== 10 || to.length !== 10 || to < from) return undefined;
  const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4));
  return to.slice(5) < from.slice(5) ? years - 1 : years;
}

export const formatSex = (sex: string | null | undefined): string =>
  ({ M: 'male', F: 'female', O: 'other' })[(sex ?? '').trim().toUpperCase()] ?? '';

/** At most the given digits, without trailing zeros. */
export function formatNumber(value: number, digits = 2): string {
  return Number(value.toFixed(digits)).toString();
}
