import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { OrderAttributes, ReportedStep } from '../api/orders';
import { type Drafted, OrderForm } from './OrderForm';

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

const JANE = {
  PatientID: 'P1',
  IssuerOfPatientID: 'HOSPITAL',
  PatientName: 'Doe^Jane',
  PatientBirthDate: '19700102',
  PatientSex: 'F',
  StudyDate: '20240131',
};

/** An archive that knows one patient, and answers new orders as told. */
function answerWith(created: () => Response) {
  const asked: OrderAttributes[] = [];
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    if (request.method === 'POST') {
      urls.push(url);
      asked.push(JSON.parse(String(request.body)) as OrderAttributes);
      return created();
    }
    if (url.startsWith('/api/studies'))
      return json({ studies: url.includes('q=P1') ? [JANE] : [] });
    return json({ orders: [], total: 0, page: 1, page_size: 100 });
  });
  return asked;
}

const urls: string[] = [];

function open(order: Drafted = 'new') {
  const onSaved = vi.fn();
  render(
    <MantineProvider env="test">
      <QueryClientProvider
        client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
      >
        <MemoryRouter>
          <OrderForm order={order} onClose={() => undefined} onSaved={onSaved} />
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return onSaved;
}

const type = (name: string, value: string) =>
  fireEvent.change(screen.getByTestId(`order-${name}`), { target: { value } });
const entered = (name: string) => screen.getByTestId<HTMLInputElement>(`order-${name}`).value;

beforeEach(() => {
  localStorage.clear();
  urls.length = 0;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it('fills in who is known under the ID, and sends DICOM attributes', async () => {
  const asked = answerWith(() => json({ id: 1, ...JANE, status: 'scheduled' }, 201));
  const onSaved = open();
  type('patientId', 'P1');
  await waitFor(() => expect(entered('family')).toBe('Doe'));
  expect([entered('given'), entered('birthDate')]).toEqual(['Jane', '1970-01-02']);
  type('procedure', 'CT head');
  type('station', 'CT2');
  type('modality', 'ct');
  fireEvent.click(screen.getByTestId('save-order'));
  await waitFor(() => expect(onSaved).toHaveBeenCalled());
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({
    PatientID: 'P1',
    IssuerOfPatientID: 'HOSPITAL',
    PatientName: 'Doe^Jane',
    PatientBirthDate: '19700102',
    PatientSex: 'F',
    RequestedProcedureDescription: 'CT head',
    Modality: 'CT',
    ScheduledStationAETitle: 'CT2',
  });
});

it('warns when the ID belongs to somebody else, and overwrites nothing', async () => {
  answerWith(() => json({}, 201));
  open();
  type('family', 'Roe');
  type('patientId', 'P1');
  await screen.findByTestId('patient-unlike');
  expect(entered('family')).toBe('Roe');
  fireEvent.click(screen.getByText('Take this'));
  expect(entered('family')).toBe('Doe');
});

const STEP: ReportedStep = {
  sop_instance_uid: '2.25.7',
  status: 'COMPLETED',
  station_ae_title: 'CT1',
  began: '20261124 093112',
  ended: '20261124 094500',
  modality: 'CT',
  description: 'Head routine',
  discontinuation_reason: '',
  series: [],
  PatientName: 'Roe^Richard',
  PatientID: 'P7',
  IssuerOfPatientID: '',
  PatientBirthDate: '19800203',
  PatientSex: 'unknown',
  StudyInstanceUID: '1.2.3',
  AccessionNumber: 'A7',
  RequestedProcedureID: '',
  RequestedProcedureDescription: '',
  ScheduledProcedureStepID: '',
  ScheduledProcedureStepDescription: '',
  is_study_here: true,
};

it('makes an order of what a scanner performed without one', async () => {
  const asked = answerWith(() => json({ id: 1, ...JANE, status: 'completed' }, 201));
  const onSaved = open(STEP);
  expect(screen.getByTestId('order-of-step').textContent).toContain('CT1');
  expect([entered('family'), entered('date'), entered('time')]).toEqual([
    'Roe',
    '2026-11-24',
    '09:31',
  ]);
  fireEvent.click(screen.getByTestId('save-order'));
  await waitFor(() => expect(onSaved).toHaveBeenCalled());
  expect(urls).toEqual(['/api/orders?procedure_step_uid=2.25.7']);
  expect(asked[0]).toMatchObject({
    PatientID: 'P7',
    PatientSex: '',
    StudyInstanceUID: '1.2.3',
    AccessionNumber: 'A7',
    RequestedProcedureDescription: 'Head routine',
    Modality: 'CT',
    ScheduledStationAETitle: 'CT1',
  });
});

it('asks the archive for nothing while something is missing', async () => {
  const asked = answerWith(() => json({}, 201));
  open();
  fireEvent.click(screen.getByTestId('save-order'));
  await screen.findByText('Every patient needs an ID.');
  expect(asked).toEqual([]);
});

it('shows why the archive refused an order, and keeps what was entered', async () => {
  answerWith(() =>
    json({ title: 'Conflict', status: 409, detail: 'Accession number A1 is taken.' }, 409),
  );
  open();
  for (const [name, value] of Object.entries({
    patientId: 'P9',
    family: 'Roe',
    station: 'CT2',
    modality: 'CT',
  })) {
    type(name, value);
  }
  fireEvent.click(screen.getByTestId('save-order'));
  expect(await screen.findByText('Accession number A1 is taken.')).toBeTruthy();
  expect(entered('family')).toBe('Roe');
});
