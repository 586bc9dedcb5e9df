import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../api/jobs';
import RemotePage from './RemotePage';

const STUDIES = [
  {
    StudyInstanceUID: '1.2.1',
    PatientName: 'Doe^Jane',
    PatientID: 'P1',
    ModalitiesInStudy: ['CT'],
    NumberOfStudyRelatedInstances: 200,
    is_here: true,
    number_here: 200,
  },
  {
    StudyInstanceUID: '1.2.2',
    PatientName: 'Roe^Max',
    PatientID: 'P2',
    StudyDescription: 'CT chest',
    ModalitiesInStudy: ['CT'],
    NumberOfStudyRelatedInstances: '240',
    is_here: true,
    number_here: 212,
  },
];
const SERIES = [
  { SeriesInstanceUID: '1.2.2.8', SeriesNumber: 10, is_here: false, number_here: 0 },
  { SeriesInstanceUID: '1.2.2.9', SeriesNumber: 9, is_here: false, number_here: 0 },
];
const peer = { name: 'far', ae_title: 'FAR', host: '10.0.0.2', port: 104, may: [] };

/** A site with one other archive; keeps what that archive was asked and told. */
function site({ failure = '', pulls = [] as Partial<Job>[] } = {}) {
  const sent: { url: string; body: Record<string, unknown> }[] = [];
  vi.stubGlobal('fetch', async (url: string, request: RequestInit = {}) => {
    if (url === '/api/peers') return Response.json({ peers: [peer] });
    if (url.startsWith('/api/jobs')) return Response.json({ jobs: pulls, total: 0, counts: {} });
    if (url === '/api/server') {
      return Response.json({
        ae_title: 'HERE',
        dicom_host: '10.0.0.1',
        dicom_port: 11112,
        dicom_tls_port: 2762,
      });
    }
    const body = JSON.parse(String(request.body));
    sent.push({ url, body });
    if (failure) return Response.json({ title: 'Refused', detail: failure }, { status: 502 });
    if (url.endsWith('/pull')) return Response.json({ id: 1 }, { status: 201 });
    const matches = body.level === 'study' ? STUDIES : SERIES;
    return Response.json({ matches, has_more: false, milliseconds: 4, warnings: ['It is slow.'] });
  });
  return sent;
}

afterEach(() => vi.unstubAllGlobals());

function show(address = '/network/remote') {
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient()}>
        <MemoryRouter initialEntries={[address]}>
          <RemotePage />
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

const rowOf = async (text: string) => {
  const found = (await screen.findAllByTestId('row')).find((row) =>
    row.textContent?.includes(text),
  );
  return within(found as HTMLElement);
};

describe('the page of remote archives', () => {
  it('asks the only archive there is, once a search, and again when told to', async () => {
    const sent = site();
    show();
    await waitFor(() =>
      expect(screen.getByTestId('remote-search')).toHaveProperty('disabled', false),
    );
    fireEvent.change(screen.getByTestId('remote-name'), { target: { value: 'doe' } });
    fireEvent.click(screen.getByTestId('remote-search'));
    expect((await rowOf('Doe, Jane')).getByTestId('here').textContent).toContain('200 of 200');
    expect((await rowOf('Roe, Max')).getByTestId('here').textContent).toContain('212 of 240');
    expect(screen.getByTestId('remote-warnings').textContent).toContain('It is slow.');
    expect(sent).toEqual([
      {
        url: '/api/peers/far/query',
        body: { level: 'study', match: { PatientName: 'doe*' }, limit: 200 },
      },
    ]);
    fireEvent.click(screen.getByTestId('remote-search'));
    await waitFor(() => expect(sent).toHaveLength(2));
  });

  it('pulls a study, and picked series of one', async () => {
    const sent = site();
    show('/network/remote?peer=far&asked=1');
    fireEvent.click((await rowOf('Roe, Max')).getByTestId('pull'));
    await waitFor(() =>
      expect(sent.at(-1)).toEqual({
        url: '/api/peers/far/pull',
        body: {
          StudyInstanceUID: '1.2.2',
          PatientID: 'P2',
          StudyDescription: 'CT chest',
          ModalitiesInStudy: ['CT'],
        },
      }),
    );
    fireEvent.click((await rowOf('Roe, Max')).getByText('Roe, Max'));
    const boxes = await screen.findAllByTestId('pick-series');
    expect(sent.at(-1)?.body.match).toEqual({ StudyInstanceUID: '1.2.2', PatientID: 'P2' });
    fireEvent.click(boxes[0] as HTMLElement); // by their numbers: 9 before 10
    fireEvent.click(screen.getByTestId('pull-series'));
    await waitFor(() => expect(sent.at(-1)?.body.SeriesInstanceUIDs).toEqual(['1.2.2.9']));
  });

  it('shows how far a pull has got, and why one failed', async () => {
    site({
      pulls: [
        { id: 'j3', study_instance_uid: '1.2.1', state: 'running', done: 60, total: 200 },
        { id: 'j2', study_instance_uid: '1.2.2', state: 'failed', text: 'FAR does not know us.' },
        { id: 'j1', study_instance_uid: '1.2.1', state: 'failed', text: 'An older one.' },
      ],
    });
    show('/network/remote?peer=far&asked=1');
    expect((await screen.findByTestId('pull-progress')).textContent).toContain('60 of 200');
    expect((await screen.findByTestId('pull-failed')).textContent).toContain('does not know us');
    expect((await rowOf('Doe, Jane')).getByTestId('pull')).toHaveProperty('disabled', true);
  });

  it('says why an archive could not be asked, and what it must know of us', async () => {
    site({ failure: 'FAR rejects the calling AE title HERE.' });
    show('/network/remote?peer=far&asked=1');
    const failure = await screen.findByTestId('remote-failure');
    expect(failure.textContent).toContain('rejects the calling AE title HERE');
    expect((await screen.findByTestId('our-address')).textContent).toMatch(/11112.*2762/s);
    expect(within(failure).getByText('Test this peer').closest('a')?.getAttribute('href')).toBe(
      '/network/peers?test=far',
    );
  });
});
