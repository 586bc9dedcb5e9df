import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { findJobs, type Job } from '../../api/jobs';
import { type PullRequest, pullFrom, queryPeer } from '../../api/remote';
import { showFailure, toasts } from '../../ui/toasts';

const LIMIT = 200;
const UNDER_WAY = new Set(['queued', 'running', 'waiting']);

/** Ask a peer for studies, once for each search: a peer is not asked again by itself. */
export const useRemoteStudies = (peer: string, match: Record<string, string>, isAsked: boolean) =>
  useQuery({
    queryKey: ['remote', peer, 'study', match],
    queryFn: ({ signal }) => queryPeer(peer, { level: 'study', match, limit: LIMIT }, signal),
    enabled: isAsked && peer !== '',
    ...ONCE,
  });

export const useRemoteSeries = (peer: string, studyInstanceUid: string, patientId: string) =>
  useQuery({
    queryKey: ['remote', peer, 'series', studyInstanceUid],
    queryFn: ({ signal }) => {
      // Peers without Study Root need the patient ID above the study (PS3.4 C.6.1)
      const match = {
        StudyInstanceUID: studyInstanceUid,
        ...(patientId ? { PatientID: patientId } : {}),
      };
      return queryPeer(peer, { level: 'series', match, limit: 1000 }, signal);
    },
    ...ONCE,
  });

const ONCE = {
  meta: { asksElsewhere: true },
  retry: false,
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
} as const;

export const isUnderWay = (job: Job | undefined): boolean =>
  job !== undefined && UNDER_WAY.has(job.state);

/** The newest pull of each study from a peer, often read while one is under way. */
export const usePulls = (peer: string) =>
  useQuery({
    queryKey: ['jobs', 'pulls', peer],
    queryFn: ({ signal }) => findJobs({ kind: 'pull', peer, pageSize: 100 }, signal),
    enabled: peer !== '',
    refetchInterval: ({ state }) => (state.data?.jobs.some(isUnderWay) ? 1_000 : 10_000),
    select: ({ jobs }) => {
      const newest = new Map<string, Job>();
      for (const job of jobs) {
        if (!newest.has(job.study_instance_uid)) newest.set(job.study_instance_uid, job);
      }
      return newest;
    },
  });

/** Begin to fetch studies or series; each becomes a job. */
export function usePull(peer: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (requests: readonly PullRequest[]) => {
      for (const request of requests) await pullFrom(peer, request);
      return requests.length;
    },
    onSuccess: (count) => {
      if (count > 1) toasts.show(`${count} studies are being pulled from ${peer}`);
    },
    onError: (error) => showFailure('The pull could not be begun', error),
    onSettled: () => client.invalidateQueries({ queryKey: ['jobs'] }),
  });
}
