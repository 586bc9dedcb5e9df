/** The filters of the study list, kept in the URL so that a link or a return shows the same. */
import dayjs from 'dayjs';
import type { StudyQuery } from '../../api/client';

export const DATE_PRESETS = {
  any: 'Any date',
  today: 'Today',
  yesterday: 'Yesterday',
  week: 'Last 7 days',
  month: 'Last 30 days',
  year: 'Last 12 months',
  range: 'From … to …',
} as const;

export type DatePreset = keyof typeof DATE_PRESETS;

export const PAGE_SIZES = [25, 50, 100] as const;
export const DEFAULT_SORT = '-last_received_at';

export interface Filters {
  q: string;
  date: DatePreset;
  from: string;
  to: string;
  modalities: string[];
  sort: string;
  page: number;
  pageSize: number;
}

export const NO_FILTERS: Filters = {
  q: '',
  date: 'any',
  from: '',
  to: '',
  modalities: [],
  sort: DEFAULT_SORT,
  page: 1,
  pageSize: 25,
};

export function parseFilters(search: URLSearchParams): Filters {
  const date = search.get('date') ?? '';
  const pageSize = Number(search.get('size'));
  return {
    q: search.get('q') ?? '',
    date: date in DATE_PRESETS ? (date as DatePreset) : 'any',
    from: isoDate(search.get('from')),
    to: isoDate(search.get('to')),
    modalities: search.getAll('modality').filter((code) => /^[A-Z0-9_]{1,16}$/.test(code)),
    sort: search.get('sort') ?? DEFAULT_SORT,
    page: Math.max(1, Math.trunc(Number(search.get('page'))) || 1),
    pageSize: PAGE_SIZES.find((size) => size === pageSize) ?? NO_FILTERS.pageSize,
  };
}

export function formatFilters(filters: Filters): URLSearchParams {
  const search = new URLSearchParams();
  if (filters.q) search.set('q', filters.q);
  if (filters.date !== 'any') search.set('date', filters.date);
  if (filters.date === 'range' && filters.from) search.set('from', filters.from);
  if (filters.date === 'range' && filters.to) search.set('to', filters.to);
  for (const modality of filters.modalities) search.append('modality', modality);
  if (filters.sort !== DEFAULT_SORT) search.set('sort', filters.sort);
  if (filters.page > 1) search.set('page', String(filters.page));
  if (filters.pageSize !== NO_FILTERS.pageSize) search.set('size', String(filters.pageSize));
  return search;
}

/** Whether anything narrows the list; order and paging do not. */
export function isFiltered(filters: Filters): boolean {
  return filters.q !== '' || filters.date !== 'any' || filters.modalities.length > 0;
}

/** The question for the archive; presets are counted back from today. */
export function queryOf(filters: Filters, today = dayjs()): StudyQuery {
  const day = (back: number) => today.subtract(back, 'day').format('YYYY-MM-DD');
  const ranges: Record<DatePreset, [string, string]> = {
    any: ['', ''],
    today: [day(0), day(0)],
    yesterday: [day(1), day(1)],
    week: [day(6), day(0)],
    month: [day(29), day(0)],
    year: [today.subtract(1, 'year').format('YYYY-MM-DD'), day(0)],
    range: [filters.from, filters.to],
  };
  const [from, to] = ranges[filters.date];
  return {
    q: filters.q,
    from,
    to,
    modalities: filters.modalities,
    sort: filters.sort,
    page: filters.page,
    pageSize: filters.pageSize,
  };
}

/** What a click on a column's head makes of the order: down, up, and down again. */
export function nextSort(current: string, column: string, isDescendingFirst: boolean): string {
  if (current === column) return `-${column}`;
  if (current === `-${column}`) return column;
  return isDescendingFirst ? `-${column}` : column;
}

function isoDate(text: string | null): string {
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : '';
}
