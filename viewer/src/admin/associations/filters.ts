/** What the page of connections shows, as its address keeps it. */
import type { AssociationQuery } from '../../api/associations';

const DIRECTIONS = ['in', 'out'] as const;
const OUTCOMES = ['ok', 'failed', 'open'] as const;

export function parseFilters(search: URLSearchParams): AssociationQuery {
  const direction = DIRECTIONS.find((one) => one === search.get('direction'));
  const outcome = OUTCOMES.find((one) => one === search.get('outcome'));
  return {
    q: search.get('q') ?? '',
    peer: search.get('peer') ?? '',
    direction: direction ?? '',
    outcome: outcome ?? '',
  };
}

export function formatFilters(query: AssociationQuery): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  return search;
}

export const isFiltered = (query: AssociationQuery): boolean => formatFilters(query).size > 0;
