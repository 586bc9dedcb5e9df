/** Routing rules: which studies go to which peers by themselves. */
import { get, path, send } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Rule = Schemas['Rule'];
export type RuleMatch = Rule['match'];
/** What a person sets of a rule. */
export type NewRule = Pick<
  Rule,
  'name' | 'is_enabled' | 'when' | 'match' | 'destinations' | 'asks_commitment'
>;
export type MatchingStudies = Schemas['MatchingStudies'];

/** What a page needs to know of a peer to send to it. */
export interface Destination {
  name: string;
  ae_title: string;
  host: string | null;
  port: number | null;
  description?: string;
}

export const readRules = (signal?: AbortSignal) =>
  get<{ rules: Rule[] }>('/api/routing-rules', signal);

export const createRule = (rule: NewRule) => send<Rule>('POST', '/api/routing-rules', rule);

export const changeRule = (id: string, rule: NewRule) =>
  send<Rule>('PUT', path('routing-rules', id), rule);

export const deleteRule = (id: string) => send<void>('DELETE', path('routing-rules', id));

export const tryRule = (match: RuleMatch, signal?: AbortSignal) =>
  send<MatchingStudies>('POST', '/api/routing-rules/try', { match }, signal);

export const readDestinations = (signal?: AbortSignal) =>
  get<{ peers: Destination[] }>('/api/peers', signal);
