import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen, within } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { describe, expect, it } from 'vitest';
import type { Association } from '../../api/associations';
import { AssociationTable } from './AssociationTable';

const association = (changes: Partial<Association> = {}): Association => ({
  id: 1,
  direction: 'in',
  began_us: 1_764_000_000_000_000,
  ended_us: 1_764_000_002_300_000,
  calling_ae_title: 'CT2',
  called_ae_title: 'HOUNSFIELD',
  address: '10.0.0.7',
  peer: 'ct2',
  is_tls: false,
  outcome: 'released',
  is_ok: true,
  is_test: false,
  finding: '',
  reason: '',
  advice: '',
  contexts: [],
  messages: [],
  bytes_received: 0,
  bytes_sent: 0,
  implementation: '',
  ...changes,
});

function show(associations: Association[]) {
  render(
    <MantineProvider env="test">
      <MemoryRouter>
        <AssociationTable associations={associations} />
      </MemoryRouter>
    </MantineProvider>,
  );
  return screen.getAllByTestId('row').map((row) => within(row));
}

describe('the table of connections', () => {
  it('says how each ended in a word, and what to do about a failure', () => {
    const [failed, good] = show([
      association({
        id: 2,
        outcome: 'rejected',
        is_ok: false,
        finding: 'wrong-called',
        reason: 'CT2 calls HOUNSFIELD_OLD; this server is HOUNSFIELD.',
        advice: 'Set the called AE title on CT2 to HOUNSFIELD.',
      }),
      association(),
    ]);
    expect(failed?.getByTestId('outcome').textContent).toBe('rejected');
    expect(failed?.getByTestId('finding').textContent).toContain('Set the called AE title on CT2');
    expect(good?.getByTestId('outcome').dataset.tone).toBe('good');
    expect(good?.queryByTestId('finding')).toBeNull();
    expect(good?.getByText('took 2.3 s')).toBeTruthy();
  });

  it('says which are of a test that a person asked for', () => {
    const [row] = show([association({ direction: 'out', is_test: true, messages: [] })]);
    expect(row?.getByText(/a test of this peer/)).toBeTruthy();
    expect(row?.getByText('looked at what it takes')).toBeTruthy();
  });

  it('opens to what was offered, accepted and said, by mouse and by key', () => {
    const [row] = show([
      association({
        contexts: [
          {
            abstract_syntax: '1.2.840.10008.5.1.4.1.1.2',
            name: 'CT Image Storage',
            offered: [{ uid: '1.2.840.10008.1.2.4.90', name: '' }],
            accepted: null,
            result: 'transfer syntaxes not supported',
          },
        ],
        messages: [{ name: 'C-STORE', status: 'A700', meaning: 'out of resources', count: 3 }],
      }),
    ]);
    expect(screen.queryByTestId('association-detail')).toBeNull();
    fireEvent.click(row?.getByTestId('outcome') as HTMLElement);
    const detail = within(screen.getByTestId('association-detail'));
    expect(detail.getByText('JPEG 2000 lossless')).toBeTruthy();
    expect(detail.getByText('transfer syntaxes not supported')).toBeTruthy();
    expect(detail.getByText('A700 · out of resources')).toBeTruthy();
    fireEvent.keyDown(screen.getByTestId('row'), { key: 'Enter' });
    expect(screen.queryByTestId('association-detail')).toBeNull();
  });
});
