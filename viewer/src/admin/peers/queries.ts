import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  type Caller,
  changePeer,
  createPeer,
  deletePeer,
  dismissCaller,
  type NewPeer,
  type Peer,
  readCallers,
  readPeers,
  trustCaller,
} from '../../api/peers';
import { showFailure, toasts } from '../../ui/toasts';

const POLL_MS = 4_000;

/** All peers; when one was last seen changes by itself. */
export const usePeers = () =>
  useQuery({
    queryKey: ['peers'],
    queryFn: ({ signal }) => readPeers(signal),
    refetchInterval: POLL_MS,
    select: (answer) => answer.peers,
  });

/** Who was refused and is not known yet. */
export const useCallers = () =>
  useQuery({
    queryKey: ['callers'],
    queryFn: ({ signal }) => readCallers(signal),
    refetchInterval: POLL_MS,
    select: (answer) => answer.callers,
  });

function useRefresh(): () => Promise<unknown> {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['peers'] }),
      client.invalidateQueries({ queryKey: ['callers'] }),
    ]);
}

/** Keep a new peer, or change the one of a name. */
export function useSavePeer(name: string | undefined) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (peer: NewPeer) => (name === undefined ? createPeer(peer) : changePeer(name, peer)),
    onSuccess: (peer) => {
      toasts.show(name === undefined ? `${peer.name} is a peer now` : `${peer.name} was changed`);
      return refresh();
    },
  });
}

const settable = ({ origin, last_seen_us, last_outcome, ...peer }: Peer): NewPeer => peer;

/** Remove a peer at once; undone by adding it again as it was. */
export function useDeletePeer() {
  const refresh = useRefresh();
  const restore = async (peer: Peer) => {
    try {
      await createPeer(settable(peer));
      toasts.show(`${peer.name} is back`);
    } catch (error) {
      showFailure(`${peer.name} could not be brought back`, error);
    }
    await refresh();
  };
  return useMutation({
    mutationFn: (peer: Peer) => deletePeer(peer.name),
    onSuccess: (_, peer) => {
      toasts.show(`${peer.name} was deleted`, {
        action: { label: 'Undo', run: () => void restore(peer) },
      });
      return refresh();
    },
    onError: (error, peer) => showFailure(`${peer.name} could not be deleted`, error),
  });
}

/** Make a peer of a refused caller, undone by removing it. */
export function useTrust() {
  const refresh = useRefresh();
  const remove = useDeletePeer();
  return useMutation({
    mutationFn: trustCaller,
    onSuccess: (peer) => {
      toasts.show(`${peer.ae_title} is trusted from now on`, {
        action: { label: 'Undo', run: () => remove.mutate(peer) },
      });
      return refresh();
    },
    onError: (error, caller: Caller) =>
      showFailure(`${caller.ae_title} could not be trusted`, error),
  });
}

export function useDismiss() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: dismissCaller,
    onSuccess: () => refresh(),
    onError: (error, caller: Caller) =>
      showFailure(`${caller.ae_title} could not be dismissed`, error),
  });
}
