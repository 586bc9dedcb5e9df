import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Study } from '../../api/client';
import type { JobDetail } from '../../api/jobs';
import { SendDialog } from './SendDialog';

const STUDY = {
  StudyInstanceUID: '1.2.3',
  PatientName: 'Doe^Jane',
  PatientID: 'P1',
  StudyDescription: 'Head',
  NumberOfStudyRelatedInstances: 240,
} as Study;

const job = (changes: Partial<JobDetail>): JobDetail => ({
  id: 'j1',
  kind: 'send',
  title: 'Doe, Jane',
  peer: 'PACS-B',
  PatientName: '',
  study_instance_uid: '1.2.3',
  state: 'queued',
  attempts: 1,
  done: 0,
  total: 240,
  failed_instances: 0,
  text: '',
  next_try_us: null,
  is_peer_paused: false,
  created_us: 1,
  started_us: null,
  ended_us: null,
  actor: '',
  failures: [],
  ...changes,
});

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

function open(peers: object[], outcome: Partial<JobDetail> = {}) {
  const posted: unknown[] = [];
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    if (request.method === 'POST') {
      posted.push([url, JSON.parse(String(request.body))]);
      return json(job({}), 201);
    }
    return url === '/api/peers' ? json({ peers }) : json(job(outcome));
  });
  render(
    <MantineProvider env="test">
      <QueryClientProvider
        client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
      >
        <MemoryRouter>
          <SendDialog study={STUDY} onClose={() => undefined} />
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return posted;
}

const PEERS = [
  { name: 'VIEWER', ae_title: 'V', host: null, port: null },
  { name: 'PACS-A', ae_title: 'A', host: '10.0.0.6', port: 104 },
  { name: 'PACS-B', ae_title: 'B', host: '10.0.0.7', port: 104 },
];

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

it('sends to the peer that was used last, and says when it has everything', async () => {
  localStorage.setItem('hounsfield.send-to', 'PACS-B');
  const posted = open(PEERS, { state: 'done', done: 240 });
  fireEvent.click(await screen.findByTestId('send-commit'));
  fireEvent.click(screen.getByTestId('send-now'));
  await screen.findByText('PACS-B has it');
  screen.getByText('240 images accepted.');
  expect(posted).toEqual([
    [
      '/api/studies/1.2.3/send',
      { peer: 'PACS-B', series_instance_uids: [], asks_commitment: true },
    ],
  ]);
});

it('names each image that was refused', async () => {
  open(PEERS, {
    state: 'failed',
    done: 239,
    failed_instances: 1,
    text: '1 of 240 refused',
    failures: [{ sop_instance_uid: '1.2.3.4', status: 'A700', text: 'no room left' }],
  });
  fireEvent.click(await screen.findByTestId('send-now'));
  await screen.findByText('1 image refused');
  expect(screen.getByTestId('send-failures').textContent).toContain('1.2.3.4');
  expect(screen.getByTestId('send-failures').textContent).toContain('no room left (status A700)');
});

it('says that the peer is paused instead of when the next try is', async () => {
  open(PEERS, { state: 'waiting', is_peer_paused: true });
  fireEvent.click(await screen.findByTestId('send-now'));
  await screen.findByText(/PACS-B is paused under Jobs/);
  expect(screen.queryByText(/next try/)).toBeNull();
});

it('says what to do while no peer has an address', async () => {
  open(PEERS.slice(0, 1));
  expect((await screen.findByTestId('no-destination')).textContent).toContain('host and port');
});
