/** Other archives, asked and pulled from by DICOM query and retrieve. */
import { path, send } from './client';
import type { Job } from './jobs';
import type { components } from './schema';

type Schemas = components['schemas'];

/** One match: attributes by keyword, as the peer answered them, and what of it is here. */
export interface RemoteMatch {
  is_here: boolean;
  number_here: number;
  [keyword: string]: unknown;
}

export type RemoteAnswer = Omit<Schemas['RemoteMatches'], 'matches'> & { matches: RemoteMatch[] };
export type RemoteQuery = Schemas['RemoteSearch'];
export type PullRequest = Partial<Schemas['Pull']> & Pick<Schemas['Pull'], 'StudyInstanceUID'>;

export const queryPeer = (peer: string, query: RemoteQuery, signal?: AbortSignal) =>
  send<RemoteAnswer>('POST', path('peers', peer, 'query'), query, signal);

export const pullFrom = (peer: string, request: PullRequest) =>
  send<Job>('POST', path('peers', peer, 'pull'), request);
