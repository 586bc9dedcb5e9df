/** The records that associations leave: who, what was agreed on, what was said, how it ended. */
import { get } from './client';

export type Outcome =
  | 'open'
  | 'released'
  | 'rejected'
  | 'aborted'
  | 'aborted by the peer'
  | 'connection lost'
  | 'timed out'
  | 'failed';

interface Syntax {
  uid: string;
  name: string;
}

export interface AssociationContext {
  abstract_syntax: string;
  name: string;
  offered: Syntax[];
  accepted: Syntax | null;
  result: string;
}

export interface AssociationMessage {
  name: string;
  /** Four hexadecimal digits. */
  status: string;
  meaning: string;
  count: number;
}

export interface Association {
  id: number;
  direction: 'in' | 'out';
  began_us: number;
  ended_us: number | null;
  calling_ae_title: string;
  called_ae_title: string;
  address: string;
  peer: string | null;
  is_tls: boolean;
  outcome: Outcome;
  is_ok: boolean;
  finding: string;
  reason: string;
  advice: string;
  contexts: AssociationContext[];
  messages: AssociationMessage[];
  bytes_received: number;
  bytes_sent: number;
  implementation: string;
}

export interface AssociationPage {
  associations: Association[];
  has_more: boolean;
}

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
