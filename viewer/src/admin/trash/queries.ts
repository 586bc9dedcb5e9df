/** What the page of the trash reads and changes. */
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Deletion, readTrash, removeForGood, restoreDeletion } from '../../api/trash';
import { showFailure, toasts } from '../../ui/toasts';

const TRASH = ['trash'];
const BUSY_POLL_MS = 1_000;
const IDLE_POLL_MS = 15_000;

export const useTrash = (page: number) =>
  useQuery({
    queryKey: [...TRASH, page],
    queryFn: ({ signal }) => readTrash(page, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: ({ state }) =>
      state.data?.deletions.some((one) => one.state !== 'trash') ? BUSY_POLL_MS : IDLE_POLL_MS,
  });

export function useTrashActions() {
  const client = useQueryClient();
  const run = async (what: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      showFailure(what, error);
    } finally {
      await client.invalidateQueries({ queryKey: TRASH });
    }
  };
  return {
    restore: (one: Deletion) =>
      void run('It did not come back', async () => {
        await restoreDeletion(one.uid);
        toasts.show(`${one.description}: comes back.`);
      }),
    removeForGood: (one: Deletion) =>
      void run('It was not removed', async () => {
        await removeForGood(one.uid);
        toasts.show(`${one.description}: removed for good.`);
      }),
  };
}
