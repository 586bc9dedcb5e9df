/** The remote systems we know, the callers that were refused, and the test of a peer. */
import { get, path, send } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
/** What a person sets of a peer. */
export type NewPeer = Schemas['NewPeer'];
export type Peer = Schemas['Peer'];
export type Right = Peer['may'][number];
export type Caller = Schemas['Caller'];
export type Check = Schemas['Check'];
export type PeerTest = Schemas['PeerTest'];

export const RIGHTS = [
  'store',
  'search',
  'retrieve',
  'worklist',
  'procedure-step',
  'commit',
  'work-item',
] as const satisfies readonly Right[];

export const CHECKS = [
  'settings',
  'address',
  'connection',
  'tls',
  'association',
  'echo',
  'contexts',
  'round-trip',
] as const satisfies readonly Check['name'][];

export const readPeers = (signal?: AbortSignal) => get<{ peers: Peer[] }>('/api/peers', signal);

export const createPeer = (peer: NewPeer) => send<Peer>('POST', '/api/peers', peer);

export const changePeer = (name: string, peer: NewPeer) =>
  send<Peer>('PUT', path('peers', name), peer);

export const deletePeer = (name: string) => send<void>('DELETE', path('peers', name));

/** Test a peer; with `stores` a small test object is stored there, which stays. */
export const testPeer = (name: string, stores: boolean, signal?: AbortSignal) =>
  send<PeerTest>(
    'POST',
    `${path('peers', name, 'test')}${stores ? '?stores=true' : ''}`,
    undefined,
    signal,
  );

export const readCallers = (signal?: AbortSignal) =>
  get<{ callers: Caller[] }>('/api/callers', signal);

export const trustCaller = ({ ae_title, address }: Caller) =>
  send<Peer>('POST', '/api/callers/trust', { ae_title, address });

export const dismissCaller = ({ ae_title, address }: Caller) =>
  send<void>('POST', '/api/callers/dismiss', { ae_title, address });
