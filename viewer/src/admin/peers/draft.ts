/** A peer while it is being typed: what is wrong with it, and what a person should know about it. */
import type { NewPeer, Peer, Right } from '../../api/peers';
import { RIGHTS_PRESETS } from './rights';

export interface PeerDraft {
  name: string;
  ae_title: string;
  host: string;
  port: string;
  uses_tls: boolean;
  requires_tls: boolean;
  certificate: string;
  may: Right[];
  transfer_syntaxes: string[];
  character_set: string;
  max_parallel: number;
  description: string;
  wants_availability: boolean;
}

export const NEW_DRAFT: PeerDraft = {
  name: '',
  ae_title: '',
  host: '',
  port: '104',
  uses_tls: false,
  requires_tls: false,
  certificate: '',
  may: [...(RIGHTS_PRESETS[0]?.may ?? [])],
  transfer_syntaxes: [],
  character_set: '',
  max_parallel: 2,
  description: '',
  wants_availability: false,
};

export const draftOf = (peer: Peer): PeerDraft => ({
  name: peer.name,
  ae_title: peer.ae_title,
  host: peer.host ?? '',
  port: peer.port === null ? '' : String(peer.port),
  uses_tls: peer.uses_tls,
  requires_tls: peer.requires_tls,
  certificate: peer.certificate,
  may: [...peer.may],
  transfer_syntaxes: [...peer.transfer_syntaxes],
  character_set: peer.character_set,
  max_parallel: peer.max_parallel,
  description: peer.description,
  wants_availability: peer.wants_availability,
});

/** The peer as the archive takes it; an own name is made from the AE title where none was typed. */
export const peerOf = (draft: PeerDraft): NewPeer => ({
  ...draft,
  name: nameOf(draft),
  ae_title: draft.ae_title.trim(),
  host: draft.host.trim() || null,
  port: draft.port.trim() === '' ? null : Number(draft.port),
  // Only by TLS can a certificate be shown.
  requires_tls: draft.requires_tls || draft.certificate.trim() !== '',
  certificate: draft.certificate.trim(),
  character_set: draft.character_set.trim(),
  description: draft.description.trim(),
});

export const nameOf = (draft: PeerDraft): string => draft.name.trim() || draft.ae_title.trim();

export type DraftField =
  | 'name'
  | 'ae_title'
  | 'host'
  | 'port'
  | 'max_parallel'
  | 'certificate'
  | 'wants_availability';
export type DraftErrors = Partial<Record<DraftField, string>>;

/** What each part of the form is given. */
export interface PeerPartProps {
  draft: PeerDraft;
  set: (changes: Partial<PeerDraft>) => void;
  touch: (...fields: string[]) => void;
  errors: DraftErrors;
}

export interface Surroundings {
  /** Names that other peers have. */
  takenNames: readonly string[];
  ourAeTitle: string;
  /** Whether this archive has certificates, and with them a port for TLS. */
  hasTls: boolean;
}

/** What must be mended before the peer can be kept. */
export function errorsOf(draft: PeerDraft, { takenNames }: Surroundings): DraftErrors {
  const errors: DraftErrors = {};
  const aeTitle = draft.ae_title.trim();
  if (aeTitle === '')
    errors.ae_title = 'Every DICOM system has an AE title; it stands in its settings.';
  else if (aeTitle.length > 16) {
    errors.ae_title = `An AE title has at most 16 characters; this one has ${aeTitle.length}.`;
  } else if (!/^[\x20-\x5b\x5d-\x7e]+$/.test(aeTitle)) {
    errors.ae_title = 'An AE title has plain letters, digits and signs only, and no backslash.';
  }
  const name = nameOf(draft);
  if (aeTitle !== '' || draft.name.trim() !== '') {
    if (takenNames.includes(name)) errors.name = `There is a peer of the name ${name} already.`;
    else if (!/^[\p{L}\p{N}_]([\p{L}\p{N}_ .-]{0,62}[\p{L}\p{N}_])?$/u.test(name)) {
      errors.name =
        'A name has up to 64 letters, digits, spaces and . _ - between letters or digits.';
    }
  }
  const hostError = errorOfHost(draft.host.trim(), draft.port.trim());
  if (hostError) errors.host = hostError;
  const port = draft.port.trim();
  if (port !== '' && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    errors.port = 'A port is a number from 1 to 65535.';
  }
  const isCallable = draft.host.trim() !== '' && port !== '' && !draft.host.includes('/');
  if (draft.wants_availability && !isCallable) {
    errors.wants_availability = 'It needs an address and a port at which it can be told.';
  }
  const certificate = draft.certificate.trim();
  const digits = certificate.replace(/[\s:]/g, '').replace(/^sha-?256/i, '');
  if (certificate !== '' && !/^[0-9a-f]{64}$/i.test(digits) && !/^[\w.]+=/.test(certificate)) {
    errors.certificate =
      'A SHA-256 fingerprint has 64 digits from 0 to F; a subject begins as in CN=ct2.';
  }
  if (!(draft.max_parallel >= 1 && draft.max_parallel <= 64)) {
    errors.max_parallel = 'From 1 to 64 jobs at a time.';
  }
  return errors;
}

function errorOfHost(host: string, port: string): string | undefined {
  if (host === '') return undefined;
  if (/^[a-z]+:\/\//i.test(host)) return 'Only the host, without "http://" or the like.';
  if (/\s/.test(host)) return 'An address has no spaces.';
  if (/^[^:]+:\d+$/.test(host)) return 'The port has its own field.';
  if (!/^[\p{L}\p{N}._:/%[\]-]+$/u.test(host)) {
    return 'An IP address, a host name, or a network such as 10.0.0.0/24.';
  }
  if (host.includes('/') && port !== '') {
    return 'A network is no single address to send to: name one host, or leave the port empty.';
  }
  return undefined;
}

/** What works but may not be what was meant. */
export function hintsOf(draft: PeerDraft, { ourAeTitle, hasTls }: Surroundings): string[] {
  const hints: string[] = [];
  if (draft.host.trim() === '') {
    hints.push(
      'Without an address, whoever calls with this AE title is let in, from anywhere; and nothing can be sent there.',
    );
  } else if (draft.port.trim() === '' && !draft.host.includes('/')) {
    hints.push('Without a port it can call us, but nothing can be sent or asked there.');
  }
  if (draft.ae_title.trim() !== '' && draft.ae_title.trim() === ourAeTitle) {
    hints.push(`${ourAeTitle} is the AE title of this archive. Two systems should not share one.`);
  }
  if ((draft.requires_tls || draft.certificate.trim() !== '') && !hasTls) {
    hints.push(
      'This archive has no certificates to speak TLS with, so the peer could not call. The command hounsfield tls init makes some.',
    );
  }
  if (draft.may.length === 0) {
    hints.push('It may do nothing here but ask whether we are alive. We can still send to it.');
  }
  return hints;
}
