import { useMediaQuery } from '@mantine/hooks';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { type Grid, gridOf, narrowed, withGrid } from './grid';

const REST_MS = 500;

/**
 * The grid of series and what changes it. It comes from the address and is kept there, so that a reload or a
 * link shows the same; images only once scrolling rests.
 */
export function useGrid(): {
  grid: Grid;
  isPhone: boolean;
  change: (to: (grid: Grid) => Grid) => void;
} {
  const [search, setSearch] = useSearchParams();
  const [wanted, setWanted] = useState(() => gridOf(search));
  const isPhone = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
  const grid = isPhone ? narrowed(wanted) : wanted;
  const change = useCallback(
    (to: (grid: Grid) => Grid) =>
      setWanted((before) => {
        const shown = isPhone ? narrowed(before) : before;
        const next = to(shown);
        return next === shown ? before : next;
      }),
    [isPhone],
  );

  const structure = JSON.stringify({
    ...wanted,
    cells: wanted.cells.map((c) => c.seriesInstanceUid),
  });
  const written = useRef(structure);
  const first = useRef(wanted);
  useEffect(() => {
    if (wanted === first.current) return undefined;
    const write = () => {
      written.current = structure;
      setSearch((previous) => withGrid(previous, wanted), { replace: true });
    };
    const timer = window.setTimeout(write, written.current === structure ? REST_MS : 0);
    return () => window.clearTimeout(timer);
  }, [wanted, structure, setSearch]);

  return { grid, isPhone: isPhone ?? false, change };
}
