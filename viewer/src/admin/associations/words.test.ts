import { expect, it } from 'vitest';
import type { Association } from '../../api/associations';
import { partnersOf, saidIn, toneOf, toneOfStatus } from './words';

const message = (name: string, status: string, count: number) => ({
  name,
  status,
  count,
  meaning: '',
});

it('says what was said, and how much of it failed', () => {
  expect(saidIn([])).toBe('');
  expect(saidIn([message('C-ECHO', '0000', 1)])).toBe('C-ECHO');
  expect(saidIn([message('C-STORE', '0000', 209), message('C-STORE', 'A700', 3)])).toBe(
    '212 × C-STORE, 3 of them failed',
  );
  expect(saidIn([message('C-FIND', 'FF00', 25), message('C-FIND', '0000', 1)])).toBe(
    'C-FIND (25 answers)',
  );
  expect(saidIn([message('C-MOVE', 'A801', 1)])).toBe('C-MOVE, failed');
});

// PS3.7 annex C: success, pending, cancel, warning, failure
it('tells the kinds of statuses apart', () => {
  expect(['0000', 'FF01', 'FE00', 'B000', '0116', 'A700', '0110'].map(toneOfStatus)).toEqual([
    'good',
    'quiet',
    'quiet',
    'warning',
    'warning',
    'bad',
    'bad',
  ]);
});

it('does not call a released association good when something in it went wrong', () => {
  expect(toneOf({ outcome: 'released', is_ok: true })).toBe('good');
  expect(toneOf({ outcome: 'released', is_ok: false })).toBe('warning');
  expect(toneOf({ outcome: 'rejected', is_ok: false })).toBe('bad');
  expect(toneOf({ outcome: 'open', is_ok: true })).toBe('busy');
});

it('names the peer on the side where it is', () => {
  const incoming = {
    direction: 'in',
    peer: 'ct2',
    calling_ae_title: 'CT2',
    called_ae_title: 'HOUNSFIELD',
  } as Association;
  expect(partnersOf(incoming)).toEqual({ from: 'ct2 (CT2)', to: 'HOUNSFIELD' });
  expect(
    partnersOf({
      ...incoming,
      direction: 'out',
      calling_ae_title: 'HOUNSFIELD',
      called_ae_title: 'CT2',
      peer: null,
    }),
  ).toEqual({ from: 'HOUNSFIELD', to: 'CT2' });
});
