import { Skeleton, Stack } from '@mantine/core';

/** Rows that stand for what is still being read. */
export function Waiting({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  return (
    <Stack gap={10} data-testid="waiting" role="status" aria-label="Reading">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <Skeleton key={index} height={height} />
      ))}
    </Stack>
  );
}
