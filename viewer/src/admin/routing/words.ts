/** Routing rules in words, and what is wrong with one before it is kept. */
import type { Destination, NewRule, RuleMatch } from '../../api/routing';

const LONGEST_NAME = 64;

export const EMPTY_MATCH: RuleMatch = {
  source_ae_titles: [],
  modalities: [],
  study_description: '',
  station_names: [],
  sop_classes: [],
};

export const EMPTY_RULE: NewRule = {
  name: '',
  is_enabled: true,
  when: 'complete',
  match: EMPTY_MATCH,
  destinations: [],
  asks_commitment: false,
};

const either = (words: readonly string[]): string =>
  words.length < 2
    ? (words[0] ?? '')
    : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;

/** "When a CT study from CT2 is complete", "When an image of any study arrives". */
export function conditionOf(rule: Pick<NewRule, 'when' | 'match'>): string {
  const { match, when } = rule;
  const modalities = either(match.modalities);
  const study = [
    modalities ? `${articleOf(modalities)} ${modalities} study` : 'any study',
    match.source_ae_titles.length > 0 ? `from ${either(match.source_ae_titles)}` : '',
    match.station_names.length > 0 ? `made at ${either(match.station_names)}` : '',
    match.study_description ? `described “${match.study_description}”` : '',
    match.sop_classes.length > 0
      ? `with ${match.sop_classes.length === 1 ? 'one SOP class' : `one of ${match.sop_classes.length} SOP classes`}`
      : '',
  ]
    .filter(Boolean)
    .join(' ');
  return when === 'complete' ? `When ${study} is complete` : `When an image of ${study} arrives`;
}

/** "an MR", "a CT": by how the first letter of an abbreviation is spoken. */
const articleOf = (abbreviation: string): string =>
  /^[AEFHILMNORSX]/.test(abbreviation) ? 'an' : 'a';

/** A name for a rule that got none: "CT from CT2 to PACS-B". */
export function nameOf(rule: NewRule): string {
  const what = rule.match.modalities.join(', ') || 'Everything';
  const from = either(rule.match.source_ae_titles);
  return [what, from ? `from ${from}` : '', `to ${rule.destinations.join(', ')}`]
    .filter(Boolean)
    .join(' ');
}

/** The name itself, or with the first number that no rule has yet: names tell rules apart. */
export function freeName(name: string, taken: readonly string[]): string {
  const short = name.slice(0, LONGEST_NAME);
  if (!taken.includes(short)) return short;
  const numbered = (number: number) => `${short.slice(0, LONGEST_NAME - 5)} ${number}`;
  let number = 2;
  while (taken.includes(numbered(number))) number += 1;
  return numbered(number);
}

export interface RuleErrors {
  destinations?: string;
  study_description?: string;
  source_ae_titles?: string;
  name?: string;
  sop_classes?: string;
}

export function validateRule(rule: NewRule): RuleErrors {
  const errors: RuleErrors = {};
  if (rule.destinations.length === 0) errors.destinations = 'Choose at least one peer to send to.';
  if (rule.name.trim().length > LONGEST_NAME) {
    errors.name = `At most ${LONGEST_NAME} characters.`;
  }
  if (rule.match.study_description.length > 64) {
    errors.study_description = 'At most 64 characters, as a description itself.';
  }
  const long = rule.match.source_ae_titles.find((title) => title.trim().length > 16);
  if (long) errors.source_ae_titles = `“${long}” is longer than the 16 characters of an AE title.`;
  const odd = rule.match.sop_classes.find((uid) => !/^\d+(\.\d+)+$/.test(uid));
  if (odd) errors.sop_classes = `“${odd}” is no UID.`;
  return errors;
}

/** The server itself, as far as a destination can turn out to be it. */
export interface Ourselves {
  ae_title: string;
  dicom_host: string;
  dicom_port: number;
}

const LOCAL = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0']);

/** Why a rule will not do what it says, a sentence for each destination that is at fault. */
export function warningsOf(
  rule: Pick<NewRule, 'destinations' | 'match'>,
  peers: readonly Destination[] | undefined,
  ourselves: Ourselves | undefined,
): string[] {
  if (!peers) return [];
  return rule.destinations.flatMap((name) => {
    const peer = peers.find((one) => one.name === name);
    if (!peer) {
      return [`There is no peer “${name}” any more: add it again, or take it out of the rule.`];
    }
    if (!peer.host || !peer.port) {
      return [`Peer “${name}” has no address to send to: enter its host and port under Peers.`];
    }
    if (ourselves && isUs(peer, ourselves)) {
      return [`“${name}” is this archive itself: its studies would go round in a circle.`];
    }
    if (rule.match.source_ae_titles.includes(peer.ae_title)) {
      return [`“${name}” would get back what it sent: its own AE title is among the sources.`];
    }
    return [];
  });
}

function isUs(peer: Destination, us: Ourselves): boolean {
  if (peer.port !== us.dicom_port) return false;
  const [theirs, ours] = [peer.host?.toLowerCase() ?? '', us.dicom_host.toLowerCase()];
  return (
    theirs === ours || (LOCAL.has(theirs) && (LOCAL.has(ours) || peer.ae_title === us.ae_title))
  );
}
