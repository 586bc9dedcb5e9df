/** What is searched for at another archive: kept in the address, sent as an identifier of C-FIND. */
import dayjs from 'dayjs';

export type RemoteDate = 'any' | 'today' | 'yesterday' | 'week' | 'month' | 'range';

export const REMOTE_DATES: Readonly<Record<RemoteDate, string>> = {
  any: 'Any date',
  today: 'Today',
  yesterday: 'Yesterday',
  week: 'Last 7 days',
  month: 'Last 30 days',
  range: 'From – to',
};

export interface Criteria {
  name: string;
  id: string;
  accession: string;
  modality: string;
  date: RemoteDate;
  /** "YYYY-MM-DD" or empty; for `date` being "range". */
  from: string;
  to: string;
}

export const NO_CRITERIA: Criteria = {
  name: '',
  id: '',
  accession: '',
  modality: '',
  date: 'any',
  from: '',
  to: '',
};

export function parseCriteria(search: URLSearchParams): Criteria {
  const date = search.get('date') ?? 'any';
  const text = (name: string) => search.get(name) ?? '';
  return {
    name: text('name'),
    id: text('id'),
    accession: text('accession'),
    modality: text('modality'),
    date: date in REMOTE_DATES ? (date as RemoteDate) : 'any',
    from: text('from'),
    to: text('to'),
  };
}

/** The address of a search; `asked` tells that it was begun, so that a reload asks again. */
export function formatCriteria(peer: string, criteria: Criteria): URLSearchParams {
  const search = new URLSearchParams({ peer, asked: '1' });
  for (const [name, value] of Object.entries(criteria)) {
    if (value && value !== 'any') search.set(name, value);
  }
  return search;
}

/** Matching keys of a C-FIND at study level (PS3.4 C.6.2.1); wildcards as a person would expect them. */
export function matchOf(criteria: Criteria, today = dayjs()): Record<string, string> {
  const match: Record<string, string> = {};
  const name = nameKey(criteria.name);
  if (name) match.PatientName = name;
  if (criteria.id.trim()) match.PatientID = criteria.id.trim();
  if (criteria.accession.trim()) match.AccessionNumber = criteria.accession.trim();
  if (criteria.modality) match.ModalitiesInStudy = criteria.modality;
  const range = dateKey(criteria, today);
  if (range) match.StudyDate = range;
  return match;
}

/** "doe jane" and "Doe, Jane" find all names that begin so; what has signs of its own stays. */
function nameKey(typed: string): string {
  const name = typed.trim();
  if (name === '' || /[*?^=]/.test(name)) return name;
  return `${name
    .split(/[\s,]+/)
    .filter(Boolean)
    .join('*')}*`;
}

function dateKey({ date, from, to }: Criteria, today: dayjs.Dayjs): string {
  const write = (day: dayjs.Dayjs) => day.format('YYYYMMDD');
  if (date === 'today') return write(today);
  if (date === 'yesterday') return write(today.subtract(1, 'day'));
  if (date === 'week') return `${write(today.subtract(6, 'day'))}-${write(today)}`;
  if (date === 'month') return `${write(today.subtract(29, 'day'))}-${write(today)}`;
  const [lower, upper] = [from.replaceAll('-', ''), to.replaceAll('-', '')];
  if (date !== 'range' || (!lower && !upper)) return '';
  return lower === upper ? lower : `${lower}-${upper}`;
}
