/** Other archives, asked and pulled from by DICOM query and retrieve. */
import { path, send } from './client';
import type { Job } from './jobs';

export type RemoteLevel = 'study' | 'series' | 'instance';

/** One match: attributes by keyword, as the peer answered them, and what of it is here. */
export interface RemoteMatch {
  is_here: boolean;
  number_here: number;
  [keyword: string]: unknown;
}

export interface RemoteAnswer {
  matches: RemoteMatch[];
  has_more: boolean;
  milliseconds: number;
  warnings: string[];
}

export interface RemoteQuery {
  level: RemoteLevel;
  match: Record<string, string>;
  limit?: number;
}

export interface PullRequest {
  StudyInstanceUID: string;
  SeriesInstanceUIDs?: string[];
  PatientID?: string;
}

export const queryPeer = (peer: string, query: RemoteQuery, signal?: AbortSignal) =>
  send<RemoteAnswer>('POST', path('peers', peer, 'query'), query, signal);

export const pullFrom = (peer: string, request: PullRequest) =>
  send<Job>('POST', path('peers', peer, 'pull'), request);
