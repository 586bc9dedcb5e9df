import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import type { Deletion } from '../../api/trash';
import TrashPage from './TrashPage';

const DELETED: Deletion = {
  uid: '4711-4711',
  state: 'trash',
  level: 'series',
  StudyInstanceUID: '1.2.3',
  SeriesInstanceUID: '1.2.3.1',
  SOPInstanceUID: '',
  description: 'Doe, Jane · P1 · CT head',
  number_of_instances: 240,
  size_bytes: 126_000_000,
  deleted_by: 'local',
  reason: 'sent twice',
  deleted_at: '2026-11-24T12:00:00.000Z',
  removed_at: '2026-12-24T12:00:00.000Z',
};

afterEach(() => vi.unstubAllGlobals());

function show(deletions: Deletion[]) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    asked.push(`${request.method ?? 'GET'} ${url}`);
    const body =
      (request.method ?? 'GET') === 'GET'
        ? { deletions, total: deletions.length, page: 1, page_size: 25, keeps_days: 30 }
        : { ...deletions[0], state: 'restoring' };
    return new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
  });
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <TrashPage />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return asked;
}

it('says what was deleted, and brings it back', async () => {
  const asked = show([DELETED]);
  expect(await screen.findByText('A series of Doe, Jane · P1 · CT head')).toBeTruthy();
  expect(screen.getByText(/can be brought back for 30 days/)).toBeTruthy();
  fireEvent.click(screen.getByTestId('restore'));
  await waitFor(() => expect(asked).toContain('POST /api/trash/4711-4711/restore'));
});

it('asks before it removes for good', async () => {
  const asked = show([DELETED]);
  fireEvent.click(await screen.findByTestId('remove-for-good'));
  expect(asked.filter((one) => one.startsWith('DELETE'))).toEqual([]);
  fireEvent.click(await screen.findByTestId('confirm'));
  await waitFor(() => expect(asked).toContain('DELETE /api/trash/4711-4711'));
});

it('says that it is empty', async () => {
  show([]);
  expect(await screen.findByText('The trash is empty')).toBeTruthy();
});
