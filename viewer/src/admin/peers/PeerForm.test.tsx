import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Peer } from '../../api/peers';
import { PeerForm } from './PeerForm';

const SERVER = {
  ae_title: 'HOUNSFIELD',
  dicom_host: '127.0.0.1',
  dicom_port: 11112,
  dicom_tls_port: null,
};

/** An archive that answers what it is told, and keeps what it was asked. */
function archive(answer: (method: string, url: string, body: unknown) => [number, unknown]) {
  const asked: { method: string; url: string; body: unknown }[] = [];
  vi.stubGlobal('fetch', async (url: string, request: RequestInit = {}) => {
    const method = request.method ?? 'GET';
    const body = request.body ? JSON.parse(String(request.body)) : undefined;
    if (url === '/api/server') return Response.json(SERVER);
    asked.push({ method, url, body });
    const [status, content] = answer(method, url, body);
    return Response.json(content, { status });
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

const peer = (changes: Partial<Peer> = {}): Peer => ({
  name: 'ct2',
  ae_title: 'CT2',
  host: '10.0.0.7',
  port: 104,
  uses_tls: false,
  requires_tls: false,
  certificate: '',
  may: ['store'],
  transfer_syntaxes: [],
  character_set: '',
  max_parallel: 2,
  description: '',
  wants_availability: false,
  origin: 'app',
  last_seen_us: null,
  last_outcome: null,
  ...changes,
});

function show(edited: Peer | 'new') {
  const spies = { onClose: vi.fn(), onTest: vi.fn() };
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient()}>
        <PeerForm edited={edited} peers={[peer()]} {...spies} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return spies;
}

const type = (field: string, value: string) =>
  fireEvent.change(screen.getByTestId(`peer-${field}`), { target: { value } });

describe('the form of a peer', () => {
  it('makes a peer of what was typed, named by its AE title', async () => {
    const asked = archive((_, __, body) => [201, body]);
    const { onClose } = show('new');
    type('ae-title', 'MR1');
    type('host', 'mr1.local');
    type('port', '11112');
    fireEvent.click(screen.getByTestId('may-retrieve'));
    fireEvent.click(screen.getByTestId('wants-availability'));
    fireEvent.click(screen.getByTestId('save-peer'));
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: '/api/peers',
        body: { name: 'MR1', ae_title: 'MR1', host: 'mr1.local', port: 11112 },
      },
    ]);
    expect(asked[0]?.body).toHaveProperty('wants_availability', true);
    expect(asked[0]?.body).toHaveProperty('may', expect.arrayContaining(['retrieve']));
  });

  it('says what is wrong and asks the archive for nothing until it is mended', () => {
    const asked = archive(() => [201, {}]);
    show('new');
    fireEvent.click(screen.getByTestId('save-peer'));
    expect(screen.getByText(/Every DICOM system has an AE title/)).toBeTruthy();
    type('ae-title', 'A_TITLE_THAT_IS_LONG');
    expect(screen.getByText(/at most 16 characters; this one has 20/)).toBeTruthy();
    expect(asked).toEqual([]);
  });

  it('keeps what was typed when the archive refuses it, and says why', async () => {
    archive(() => [409, { title: 'Conflict', detail: "there is a peer 'MR1' already" }]);
    const { onClose } = show('new');
    type('ae-title', 'MR1');
    fireEvent.click(screen.getByTestId('save-peer'));
    expect((await screen.findByTestId('save-failed')).textContent).toContain("'MR1' already");
    expect((screen.getByTestId('peer-ae-title') as HTMLInputElement).value).toBe('MR1');
    expect(onClose).not.toHaveBeenCalled();
  });

  it('gives a peer another name, and ties it to a certificate', async () => {
    const asked = archive((_, __, body) => [200, body]);
    const { onClose } = show(peer({ requires_tls: true }));
    expect(await screen.findByText(/has no certificates to speak TLS with/)).toBeTruthy();
    type('name', 'CT room 2');
    type('certificate', 'ct2');
    fireEvent.click(screen.getByTestId('save-peer'));
    expect(screen.getByText(/A SHA-256 fingerprint has 64 digits/)).toBeTruthy();
    type('certificate', 'CN=ct2');
    expect((screen.getByTestId('peer-tls-only') as HTMLInputElement).disabled).toBe(true);
    fireEvent.click(screen.getByTestId('save-peer'));
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    expect(asked).toMatchObject([
      {
        method: 'PUT',
        url: '/api/peers/ct2',
        body: { name: 'CT room 2', certificate: 'CN=ct2', requires_tls: true },
      },
    ]);
  });

  it('changes a peer under its name, and tests it when asked to', async () => {
    const asked = archive((_, __, body) => [200, body]);
    const { onTest } = show(peer());
    type('host', '10.0.0.8');
    fireEvent.click(screen.getByTestId('save-and-test'));
    await waitFor(() => expect(onTest).toHaveBeenCalledOnce());
    expect(asked).toMatchObject([{ method: 'PUT', url: '/api/peers/ct2' }]);
    expect(onTest.mock.lastCall?.[0].host).toBe('10.0.0.8');
  });

  it('only shows a peer of the settings, and says where it is changed', () => {
    archive(() => [200, {}]);
    show(peer({ origin: 'settings' }));
    expect(screen.getByText(/stands in the settings file/)).toBeTruthy();
    expect(screen.queryByTestId('save-peer')).toBeNull();
    expect(screen.getByTestId('peer-host').closest('fieldset')?.disabled).toBe(true);
  });
});
