import { expect, it } from 'vitest';
import { associationSearch } from '../../api/associations';
import { formatFilters, isFiltered, parseFilters } from './filters';

it('keeps the filters in the address and leaves out what is no filter', () => {
  const query = parseFilters(new URLSearchParams('q=CT2&outcome=failed&direction=sideways'));
  expect(query).toEqual({ q: 'CT2', peer: '', direction: '', outcome: 'failed' });
  expect(formatFilters(query).toString()).toBe('q=CT2&outcome=failed');
  expect(isFiltered(query)).toBe(true);
  expect(isFiltered(parseFilters(new URLSearchParams()))).toBe(false);
});

it('asks for the records before the oldest one that is known', () => {
  const query = parseFilters(new URLSearchParams('peer=ct2'));
  expect(associationSearch(query, 120).toString()).toBe('peer=ct2&before=120&limit=50');
});
