import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type AssociationQuery, findAssociations } from '../../api/associations';

const POLL_MS = 2_000;

/**
 * The newest associations and as many older ones as were asked for. Every page is read again, each from
 * where the one above it ends, so that nothing is left out while new ones come; the more pages, the rarer.
 */
export const useAssociations = (query: AssociationQuery, isLive: boolean) =>
  useInfiniteQuery({
    queryKey: ['associations', query],
    queryFn: ({ pageParam, signal }) => findAssociations(query, pageParam, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => (page.has_more ? page.associations.at(-1)?.id : undefined),
    refetchInterval: ({ state }) => (isLive ? POLL_MS * (state.data?.pages.length ?? 1) : false),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
