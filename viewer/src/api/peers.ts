/** The remote systems we know, the callers that were refused, and the test of a peer. */
import { get, path, send } from './client';

export const RIGHTS = [
  'store',
  'search',
  'retrieve',
  'worklist',
  'procedure-step',
  'commit',
  'work-item',
] as const;
export type Right = (typeof RIGHTS)[number];

/** What a person sets of a peer. */
export interface NewPeer {
  name: string;
  ae_title: string;
  host: string | null;
  port: number | null;
  uses_tls: boolean;
  may: Right[];
  /** Preferred ones, best first; empty leaves it to what the peer takes. */
  transfer_syntaxes: string[];
  /** Assumed where the peer names none. */
  character_set: string;
  max_parallel: number;
  description: string;
}

export interface Peer extends NewPeer {
  origin: 'app' | 'settings';
  last_seen_us: number | null;
  last_outcome: string | null;
}

export interface Caller {
  ae_title: string;
  called_ae_title: string;
  address: string;
  count: number;
  first_us: number;
  last_us: number;
  reason: string;
  advice: string;
  can_trust: boolean;
}

export const CHECKS = [
  'settings',
  'address',
  'connection',
  'tls',
  'association',
  'echo',
  'contexts',
  'round-trip',
] as const;

export interface Check {
  name: (typeof CHECKS)[number];
  state: 'ok' | 'warning' | 'failed' | 'skipped';
  text: string;
  advice: string;
  milliseconds: number;
}

export interface PeerTest {
  is_ok: boolean;
  checks: Check[];
}

export const readPeers = (signal?: AbortSignal) => get<{ peers: Peer[] }>('/api/peers', signal);

export const createPeer = (peer: NewPeer) => send<Peer>('POST', '/api/peers', peer);

export const changePeer = (name: string, peer: NewPeer) =>
  send<Peer>('PUT', path('peers', name), peer);

export const deletePeer = (name: string) => send<void>('DELETE', path('peers', name));

export const testPeer = (name: string, signal?: AbortSignal) =>
  send<PeerTest>('POST', path('peers', name, 'test'), undefined, signal);

export const readCallers = (signal?: AbortSignal) =>
  get<{ callers: Caller[] }>('/api/callers', signal);

export const trustCaller = ({ ae_title, address }: Caller) =>
  send<Peer>('POST', '/api/callers/trust', { ae_title, address });

export const dismissCaller = ({ ae_title, address }: Caller) =>
  send<void>('POST', '/api/callers/dismiss', { ae_title, address });
