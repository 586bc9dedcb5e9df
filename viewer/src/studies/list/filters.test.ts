import dayjs from 'dayjs';
import { describe, expect, it } from 'vitest';
import { formatFilters, isFiltered, NO_FILTERS, nextSort, parseFilters, queryOf } from './filters';

describe('filters', () => {
  it('survive the way through the URL', () => {
    const filters = {
      ...NO_FILTERS,
      q: 'müller ct',
      date: 'range' as const,
      from: '2024-01-01',
      to: '2024-01-31',
      modalities: ['CT', 'MR'],
      sort: 'PatientName',
      page: 3,
      pageSize: 50,
    };
    expect(parseFilters(new URLSearchParams(formatFilters(filters).toString()))).toEqual(filters);
    expect(formatFilters(NO_FILTERS).toString()).toBe('');
  });

  it('take nothing from the URL that makes no sense', () => {
    const search = new URLSearchParams('page=-2&size=7&date=later&modality=<b>&from=yesterday');
    expect(parseFilters(search)).toEqual(NO_FILTERS);
  });

  it('count presets back from today', () => {
    const query = queryOf({ ...NO_FILTERS, date: 'week' }, dayjs('2024-03-03'));
    expect([query.from, query.to]).toEqual(['2024-02-26', '2024-03-03']);
  });

  it('know whether they narrow the list', () => {
    expect(isFiltered({ ...NO_FILTERS, page: 4, sort: 'PatientID' })).toBe(false);
    expect(isFiltered({ ...NO_FILTERS, modalities: ['CT'] })).toBe(true);
  });
});

it('a column sorts one way, then the other', () => {
  expect(nextSort('-StudyDate', 'PatientName', false)).toBe('PatientName');
  expect(nextSort('PatientName', 'PatientName', false)).toBe('-PatientName');
  expect(nextSort('-PatientName', 'StudyDate', true)).toBe('-StudyDate');
});
