/** Which part of the worklist is shown, kept in the URL. */
import dayjs, { type Dayjs } from 'dayjs';
import { ORDER_STATUSES, type OrderQuery } from '../api/orders';

export const DAYS = {
  yesterday: 'Yesterday',
  today: 'Today',
  tomorrow: 'Tomorrow',
  week: 'Next 7 days',
  any: 'Any day',
  day: 'One day…',
} as const;
export type Day = keyof typeof DAYS;

export interface Filters {
  q: string;
  day: Day;
  /** "YYYY-MM-DD", the chosen day of "one day". */
  date: string;
  status: string;
  modality: string;
  station: string;
  page: number;
}

export const NO_FILTERS: Filters = {
  q: '',
  day: 'today',
  date: '',
  status: '',
  modality: '',
  station: '',
  page: 1,
};

export const PAGE_SIZE = 100;

export function parseFilters(search: URLSearchParams): Filters {
  const day = search.get('day') ?? '';
  const date = search.get('date') ?? '';
  const status = search.get('status') ?? '';
  return {
    q: search.get('q') ?? '',
    day: day in DAYS ? (day as Day) : NO_FILTERS.day,
    date: /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : '',
    status: (ORDER_STATUSES as readonly string[]).includes(status) ? status : '',
    modality: search.get('modality') ?? '',
    station: search.get('station') ?? '',
    page: Math.max(1, Math.trunc(Number(search.get('page'))) || 1),
  };
}

export function formatFilters(filters: Filters): URLSearchParams {
  const search = new URLSearchParams();
  if (filters.q) search.set('q', filters.q);
  if (filters.day !== NO_FILTERS.day) search.set('day', filters.day);
  if (filters.day === 'day' && filters.date) search.set('date', filters.date);
  for (const name of ['status', 'modality', 'station'] as const) {
    if (filters[name]) search.set(name, filters[name]);
  }
  if (filters.page > 1) search.set('page', String(filters.page));
  return search;
}

export const isFiltered = ({ q, status, modality, station }: Filters): boolean =>
  [q, status, modality, station].some(Boolean);

export function queryOf(filters: Filters, today: Dayjs = dayjs()): OrderQuery {
  return {
    q: filters.q,
    date: datesOf(filters, today),
    status: filters.status,
    modality: filters.modality,
    station: filters.station,
    page: filters.page,
    pageSize: PAGE_SIZE,
  };
}

function datesOf({ day, date }: Filters, today: Dayjs): string {
  const at = (days: number) => today.add(days, 'day').format('YYYYMMDD');
  const dates: Record<Day, string> = {
    yesterday: at(-1),
    today: at(0),
    tomorrow: at(1),
    week: `${at(0)}-${at(6)}`,
    any: '',
    day: date.replaceAll('-', ''),
  };
  return dates[day];
}

/** The day before or after the one that is shown; of several days the first one counts. */
export function shiftDay(
  filters: Filters,
  by: number,
  today: Dayjs = dayjs(),
): Pick<Filters, 'day' | 'date'> {
  const first = datesOf(filters, today).slice(0, 8);
  const from = /^\d{8}$/.test(first)
    ? dayjs(`${first.slice(0, 4)}-${first.slice(4, 6)}-${first.slice(6)}`)
    : today;
  const next = from.add(by, 'day');
  const away = next.startOf('day').diff(today.startOf('day'), 'day');
  const named: Record<string, Day> = { '-1': 'yesterday', '0': 'today', '1': 'tomorrow' };
  const day = named[String(away)];
  return day ? { day, date: '' } : { day: 'day', date: next.format('YYYY-MM-DD') };
}
