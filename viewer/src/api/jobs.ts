/** Background work: what is sent, pulled and confirmed, and the lane of each peer. */
import { get, path, send } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type JobDetail = Schemas['JobDetail'];
export type JobFailure = Schemas['JobFailure'];
export type JobPage = Schemas['JobPage'];
export type Lane = Schemas['Lane'];
export type JobState = Job['state'];
export type JobAction = 'pause' | 'resume' | 'cancel' | 'retry';

/** In the order in which a person looks through them. */
export const JOB_STATES: readonly JobState[] = [
  'running',
  'queued',
  'waiting',
  'paused',
  'failed',
  'done',
  'cancelled',
];

export interface JobQuery {
  state?: string;
  kind?: string;
  peer?: string;
  study?: string;
  page?: number;
  pageSize?: number;
}

export function jobSearch(query: JobQuery): URLSearchParams {
  const search = new URLSearchParams();
  if (query.state) search.set('state', query.state);
  if (query.kind) search.set('kind', query.kind);
  if (query.peer) search.set('peer', query.peer);
  if (query.study) search.set('study_instance_uid', query.study);
  search.set('page', String(query.page ?? 1));
  search.set('page_size', String(query.pageSize ?? 25));
  return search;
}

export const findJobs = (query: JobQuery, signal?: AbortSignal) =>
  get<JobPage>(`/api/jobs?${jobSearch(query)}`, signal);

export const readJob = (id: string, signal?: AbortSignal) =>
  get<JobDetail>(path('jobs', id), signal);

export const actOnJob = (id: string, action: JobAction) =>
  send<Job>('POST', path('jobs', id, action));

export const sendStudy = (
  studyInstanceUid: string,
  peer: string,
  seriesInstanceUids: readonly string[] = [],
  asksCommitment = false,
) =>
  send<Job>('POST', path('studies', studyInstanceUid, 'send'), {
    peer,
    series_instance_uids: seriesInstanceUids,
    asks_commitment: asksCommitment,
  });

export const readLane = (peer: string, signal?: AbortSignal) =>
  get<Lane>(path('peers', peer, 'lane'), signal);

export const setLane = (peer: string, action: 'pause' | 'resume') =>
  send<Lane>('POST', path('peers', peer, action));
