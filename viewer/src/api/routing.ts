/** Routing rules: which studies go to which peers by themselves. */
import { get, path, send } from './client';

export interface RuleMatch {
  source_ae_titles: string[];
  modalities: string[];
  study_description: string;
  station_names: string[];
  sop_classes: string[];
}

export interface NewRule {
  name: string;
  is_enabled: boolean;
  when: 'complete' | 'received';
  match: RuleMatch;
  destinations: string[];
}

export interface Rule extends NewRule {
  id: number | string;
  created_us: number;
  updated_us: number;
  last_job_us: number | null;
}

export interface MatchingStudy {
  StudyInstanceUID: string;
  PatientName: string;
  StudyDescription: string;
  StudyDate: string;
}

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
  send<{ studies: MatchingStudy[]; count: number }>(
    'POST',
    '/api/routing-rules/try',
    { match },
    signal,
  );

export const readDestinations = (signal?: AbortSignal) =>
  get<{ peers: Destination[] }>('/api/peers', signal);
