import dayjs from 'dayjs';
import { describe, expect, it } from 'vitest';
import { formatCriteria, matchOf, NO_CRITERIA, parseCriteria } from './criteria';

const TODAY = dayjs('2026-03-01');

describe('the criteria of a search at another archive', () => {
  // PS3.4 C.2.2.2.4: wild card matching
  it.each([
    ['doe', 'doe*'],
    [' Doe,  Jane ', 'Doe*Jane*'],
    ['*jane', '*jane'],
    ['Doe^Jane', 'Doe^Jane'],
    ['', undefined],
  ])('searches for the name %j as %j', (name, key) => {
    expect(matchOf({ ...NO_CRITERIA, name }).PatientName).toBe(key);
  });

  // PS3.4 C.2.2.2.5: range matching
  it.each([
    ['any', undefined],
    ['today', '20260301'],
    ['yesterday', '20260228'],
    ['week', '20260223-20260301'],
    ['month', '20260131-20260301'],
  ] as const)('takes the date %s as %j', (date, key) => {
    expect(matchOf({ ...NO_CRITERIA, date }, TODAY).StudyDate).toBe(key);
  });

  it('leaves an end of a range open', () => {
    const range = { ...NO_CRITERIA, date: 'range' as const };
    expect(matchOf({ ...range, from: '2026-01-02' }).StudyDate).toBe('20260102-');
    expect(matchOf({ ...range, from: '2026-01-02', to: '2026-01-02' }).StudyDate).toBe('20260102');
    expect(matchOf(range).StudyDate).toBeUndefined();
  });

  it('comes back from the address as it went', () => {
    const criteria = { ...NO_CRITERIA, name: 'doe', modality: 'CT', date: 'week' as const };
    const search = formatCriteria('old pacs', criteria);
    expect(search.toString()).toBe('peer=old+pacs&asked=1&name=doe&modality=CT&date=week');
    expect(parseCriteria(search)).toEqual(criteria);
  });
});
