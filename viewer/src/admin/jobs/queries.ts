/** What the page of jobs reads and changes. */
import {
  keepPreviousData,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect } from 'react';
import {
  actOnJob,
  findJobs,
  type Job,
  type JobAction,
  type JobQuery,
  type Lane,
  readJob,
  readLane,
  setLane,
} from '../../api/jobs';
import { readDestinations } from '../../api/routing';
import { showFailure, toasts } from '../../ui/toasts';
import { ACTION_DONE, isOpen, pollMs } from './words';

export const useJobs = (query: JobQuery) =>
  useQuery({
    queryKey: ['jobs', query],
    queryFn: ({ signal }) => findJobs(query, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: (state) => pollMs(state.state.data?.counts),
  });

export const useJob = (id: string) =>
  useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => readJob(id, signal),
    staleTime: 0,
    refetchInterval: (state) => (state.state.data && !isOpen(state.state.data.state) ? 5000 : 1000),
  });

export const usePeerNames = () =>
  useQuery({
    queryKey: ['destinations'],
    queryFn: ({ signal }) => readDestinations(signal),
    select: ({ peers }) => peers.map(({ name }) => name),
  });

export interface PeerLane {
  peer: string;
  is_paused: boolean;
  queued: number;
  running: number;
}

const BUSY_POLL_MS = 4000;
const IDLE_POLL_MS = 30_000;

/**
 * The lanes of these peers, as far as they could be read. A hundred peers without work are asked about seldom;
 * a change of the number of open jobs asks about all of them at once.
 */
export function useLanes(peers: readonly string[], openJobs: number): PeerLane[] {
  const client = useQueryClient();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the number is what it waits for
  useEffect(() => {
    void client.invalidateQueries({ queryKey: ['lane'] });
  }, [client, openJobs]);
  return useQueries({
    queries: peers.map((peer) => ({
      queryKey: ['lane', peer],
      queryFn: ({ signal }: { signal: AbortSignal }) => readLane(peer, signal),
      refetchInterval: ({ state }: { state: { data: Lane | undefined } }) =>
        state.data && (state.data.is_paused || state.data.queued + state.data.running > 0)
          ? BUSY_POLL_MS
          : IDLE_POLL_MS,
      retry: false,
    })),
    combine: (results) =>
      results.flatMap(({ data }, index) => {
        const peer = peers[index];
        return data && peer ? [{ peer, ...data }] : [];
      }),
  });
}

const stale = [['jobs'], ['job'], ['lane']];

export function useJobActions() {
  const client = useQueryClient();
  const refresh = () =>
    Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey })));
  return useMutation({
    mutationFn: ({ job, action }: { job: Job; action: JobAction }) =>
      actOnJob(String(job.id), action),
    onSuccess: (_, { job, action }) => toasts.show(`${job.title}: ${ACTION_DONE[action]}.`),
    onError: (error, { job }) => showFailure(job.title, error),
    onSettled: refresh,
  });
}

export function useLaneAction() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ peer, action }: { peer: string; action: 'pause' | 'resume' }) =>
      setLane(peer, action),
    onSuccess: (_, { peer, action }) =>
      toasts.show(
        action === 'pause'
          ? `Nothing is sent to ${peer} until you let it go on.`
          : `The jobs of ${peer} go on.`,
      ),
    onError: (error, { peer }) => showFailure(peer, error),
    onSettled: () => Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
