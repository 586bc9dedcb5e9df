import dayjs from 'dayjs';
import { expect, it } from 'vitest';
import { orderSearch } from '../api/orders';
import { formatFilters, NO_FILTERS, parseFilters, queryOf, shiftDay } from './filters';

const TODAY = dayjs('2026-11-30');

it('shows today by default', () => {
  expect(parseFilters(new URLSearchParams())).toEqual(NO_FILTERS);
  expect(queryOf(NO_FILTERS, TODAY).date).toBe('20261130');
});

it('counts the days from today', () => {
  const dates = (['yesterday', 'tomorrow', 'week', 'any'] as const).map(
    (day) => queryOf({ ...NO_FILTERS, day }, TODAY).date,
  );
  expect(dates).toEqual(['20261129', '20261201', '20261130-20261206', '']);
});

it('survives the URL, and nonsense in the URL', () => {
  const filters = {
    q: 'doe',
    day: 'day' as const,
    date: '2026-12-24',
    status: 'in progress',
    modality: 'CT',
    station: 'CT2',
    page: 3,
  };
  expect(parseFilters(formatFilters(filters))).toEqual(filters);
  expect(parseFilters(new URLSearchParams('day=never&status=x&page=-1&date=1'))).toEqual(
    NO_FILTERS,
  );
});

it('asks the archive by DICOM keywords', () => {
  const search = orderSearch(
    queryOf({ ...NO_FILTERS, status: 'in progress', modality: 'CT', station: 'CT2' }, TODAY),
  );
  expect(search.toString()).toBe(
    'date=20261130&status=in+progress&Modality=CT&ScheduledStationAETitle=CT2&page=1&page_size=100',
  );
});

it('goes on and back a day', () => {
  const shift = (filters: Partial<typeof NO_FILTERS>, by: number) =>
    shiftDay({ ...NO_FILTERS, ...filters }, by, TODAY);
  expect(shift({}, 1)).toEqual({ day: 'tomorrow', date: '' });
  expect(shift({ day: 'tomorrow' }, 1)).toEqual({ day: 'day', date: '2026-12-02' });
  expect(shift({ day: 'day', date: '2026-12-02' }, -1)).toEqual({ day: 'tomorrow', date: '' });
  expect(shift({ day: 'any' }, -1)).toEqual({ day: 'yesterday', date: '' });
});
