/** The answers of a peer as a person reads them; a peer may leave out or mistype any attribute. */
import type { PullRequest, RemoteMatch } from '../../api/remote';
import { formatCount } from '../../ui/bytes';
import type { Tone } from '../../ui/StateBadge';

/** One attribute as text; several values with a comma between. */
export function textOf(match: RemoteMatch, keyword: string): string {
  const value = match[keyword];
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(String).join(', ');
  return String(value);
}

/** The values of an attribute, whether they came as a list or with backslashes. */
export function valuesOf(match: RemoteMatch, keyword: string): string[] {
  const value = match[keyword];
  const list = Array.isArray(value) ? value.map(String) : String(value ?? '').split('\\');
  return list.map((one) => one.trim()).filter(Boolean);
}

/** A count that the peer told, or undefined: computed keys are optional (PS3.4 C.3.4). */
export function countOf(match: RemoteMatch, keyword: string): number | undefined {
  const text = textOf(match, keyword).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

const LONGEST = { PatientID: 64, StudyDescription: 200, StudyDate: 20, modality: 16 } as const;

/** What to ask for to pull a study; the job is called by what the peer said of it. */
export function pullOf(study: RemoteMatch): PullRequest {
  const request: PullRequest = {
    StudyInstanceUID: textOf(study, 'StudyInstanceUID'),
    PatientID: textOf(study, 'PatientID').slice(0, LONGEST.PatientID),
  };
  for (const keyword of ['StudyDescription', 'StudyDate'] as const) {
    const text = textOf(study, keyword).slice(0, LONGEST[keyword]);
    if (text) request[keyword] = text;
  }
  const modalities = valuesOf(study, 'ModalitiesInStudy').filter(
    (one) => one.length <= LONGEST.modality,
  );
  if (modalities.length > 0) request.ModalitiesInStudy = modalities.slice(0, 32);
  return request;
}

export interface Presence {
  tone: Tone;
  text: string;
  isWhole: boolean;
}

/** How much of a match is here already, beside the number of images that the peer has. */
export function presenceOf(match: RemoteMatch, total: number | undefined): Presence {
  const here = match.number_here;
  if (here === 0) return { tone: 'quiet', text: 'not here', isWhole: false };
  if (total === undefined) {
    return { tone: 'good', text: `${formatCount(here)} here already`, isWhole: false };
  }
  const isWhole = here >= total;
  const text = isWhole
    ? `here already: ${formatCount(total)} of ${formatCount(total)}`
    : `${formatCount(here)} of ${formatCount(total)} here`;
  return { tone: isWhole ? 'good' : 'warning', text, isWhole };
}
