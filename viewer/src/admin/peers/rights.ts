/** What a peer may do here, in the words of a person who sets up a scanner. */
import type { Right } from '../../api/peers';

export interface RightWords {
  short: string;
  title: string;
  about: string;
}

export const RIGHT_WORDS: Readonly<Record<Right, RightWords>> = {
  store: {
    short: 'store',
    title: 'Send images here',
    about: 'C-STORE: what a scanner or another archive needs to send studies.',
  },
  search: {
    short: 'search',
    title: 'Search the archive',
    about: 'C-FIND: sees names and studies of all patients.',
  },
  retrieve: {
    short: 'retrieve',
    title: 'Fetch images',
    about: 'C-MOVE and C-GET: what a workstation needs to open studies.',
  },
  worklist: {
    short: 'worklist',
    title: 'Read the worklist',
    about: 'A scanner takes patient and order from it instead of typing them.',
  },
  'procedure-step': {
    short: 'steps',
    title: 'Report procedure steps',
    about: 'MPPS: a scanner tells when it begins and ends, and how many images it made.',
  },
  commit: {
    short: 'commitment',
    title: 'Ask for storage commitment',
    about: 'A scanner makes sure that its images are safe here before it deletes them.',
  },
  'work-item': {
    short: 'work items',
    title: 'Work on work items',
    about: 'UPS: takes tasks such as treatment or post-processing and reports on them.',
  },
};

export interface RightsPreset {
  title: string;
  may: readonly Right[];
}

export const RIGHTS_PRESETS: readonly RightsPreset[] = [
  { title: 'Scanner', may: ['store', 'search', 'worklist', 'procedure-step', 'commit'] },
  { title: 'Workstation', may: ['store', 'search', 'retrieve'] },
  { title: 'Archive (PACS)', may: ['store', 'search', 'retrieve', 'commit'] },
];

/** Whether two sets of rights are the same. */
export const sameRights = (one: readonly Right[], other: readonly Right[]): boolean =>
  one.length === other.length && one.every((right) => other.includes(right));
