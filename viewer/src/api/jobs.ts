/** Background work: what is sent, pulled and confirmed, and the lane of each peer. */
import { get, path, send } from './client';

export const JOB_STATES = [
  'running',
  'queued',
  'waiting',
  'paused',
  'failed',
  'done',
  'cancelled',
] as const;
export type JobState = (typeof JOB_STATES)[number];
export type JobAction = 'pause' | 'resume' | 'cancel' | 'retry';

export interface Job {
  id: number | string;
  kind: string;
  title: string;
  peer: string;
  study_instance_uid: string;
  state: JobState;
  attempts: number;
  done: number;
  total: number;
  failed_instances: number;
  text: string;
  next_try_us: number | null;
  created_us: number;
  started_us: number | null;
  ended_us: number | null;
  actor: string;
}

export interface JobFailure {
  sop_instance_uid: string;
  status: string | null;
  text: string;
}

export interface JobDetail extends Job {
  failures: JobFailure[];
}

export interface JobPage {
  jobs: Job[];
  total: number;
  page: number;
  page_size: number;
  counts: Partial<Record<JobState, number>>;
}

export interface Lane {
  is_paused: boolean;
  queued: number;
  running: number;
}

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
) =>
  send<Job>('POST', path('studies', studyInstanceUid, 'send'), {
    peer,
    series_instance_uids: seriesInstanceUids,
  });

export const readLane = (peer: string, signal?: AbortSignal) =>
  get<Lane>(path('peers', peer, 'lane'), signal);

export const setLane = (peer: string, action: 'pause' | 'resume') =>
  send<Lane>('POST', path('peers', peer, action));
