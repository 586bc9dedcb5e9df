/** What the page of jobs reads and changes. */
import {
  keepPreviousData,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import {
  actOnJob,
  findJobs,
  type Job,
  type JobAction,
  type JobQuery,
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

/** The lanes of these peers, as far as they could be read. */
export function useLanes(peers: readonly string[]): PeerLane[] {
  return useQueries({
    queries: peers.map((peer) => ({
      queryKey: ['lane', peer],
      queryFn: ({ signal }: { signal: AbortSignal }) => readLane(peer, signal),
      refetchInterval: 5000,
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
