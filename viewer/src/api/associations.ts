/** The records that associations leave: who, what was agreed on, what was said, how it ended. */
import { get } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Association = Schemas['Association'];
export type AssociationMessage = Schemas['Message'];
export type AssociationPage = Schemas['AssociationPage'];

export interface AssociationQuery {
  q: string;
  direction: '' | 'in' | 'out';
  outcome: '' | 'ok' | 'failed' | 'open';
  peer: string;
}

export const PAGE_SIZE = 50;

export function associationSearch(query: AssociationQuery, before?: number): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value.trim()) search.set(name, value.trim());
  }
  if (before !== undefined) search.set('before', String(before));
  search.set('limit', String(PAGE_SIZE));
  return search;
}

export const findAssociations = (query: AssociationQuery, before?: number, signal?: AbortSignal) =>
  get<AssociationPage>(`/api/associations?${associationSearch(query, before)}`, signal);
