import type { Peer } from '../../api/peers';

/** Where a peer is, in words: "10.0.0.7, port 104". */
export function addressOf({ host, port }: Pick<Peer, 'host' | 'port'>): string {
  if (!host) return 'anywhere';
  return port === null ? `${host}, calls only` : `${host}, port ${port}`;
}

/** Peers of the settings may share a name with none; the AE title tells them apart. */
export const keyOfPeer = (peer: Peer): string => `${peer.origin} ${peer.name} ${peer.ae_title}`;
