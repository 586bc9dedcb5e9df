/** What is said of a job, in words. */
import type { JobAction, JobState } from '../../api/jobs';
import type { Tone } from '../../ui/StateBadge';

export const STATE_TITLES: Record<JobState, string> = {
  running: 'Running',
  queued: 'Queued',
  waiting: 'Waiting',
  paused: 'Paused',
  failed: 'Failed',
  done: 'Done',
  cancelled: 'Cancelled',
};

export const STATE_TONES: Record<JobState, Tone> = {
  running: 'busy',
  queued: 'quiet',
  waiting: 'waiting',
  paused: 'quiet',
  failed: 'bad',
  done: 'good',
  cancelled: 'quiet',
};

const KIND_TITLES: Record<string, string> = {
  send: 'Send',
  pull: 'Pull',
  commitment: 'Storage commitment',
  'commitment-request': 'Storage commitment asked for',
  availability: 'Availability told',
  'commitment-check': 'Storage commitment',
  trash: 'Trash',
};

/** What a peer did not do with an image: accept it, or commit it. */
export const failedWord = (kind: string): string =>
  kind === 'commitment-request' ? 'not committed' : 'refused';

export const kindTitle = (kind: string): string =>
  KIND_TITLES[kind] ?? (kind.charAt(0).toUpperCase() + kind.slice(1)).replaceAll('-', ' ');

/** Whether the job can still change by itself. */
export const isOpen = (state: JobState): boolean =>
  state === 'running' || state === 'queued' || state === 'waiting' || state === 'paused';

/** What a person may do with a job now, the likeliest first. */
export function actionsOf(state: JobState): JobAction[] {
  switch (state) {
    case 'running':
    case 'queued':
      return ['pause', 'cancel'];
    case 'waiting':
      return ['retry', 'pause', 'cancel'];
    case 'paused':
      return ['resume', 'cancel'];
    case 'failed':
    case 'cancelled':
      return ['retry'];
    default:
      return [];
  }
}

export const ACTION_TITLES: Record<JobAction, string> = {
  pause: 'Pause',
  resume: 'Go on',
  cancel: 'Cancel',
  retry: 'Try again',
};

export const ACTION_DONE: Record<JobAction, string> = {
  pause: 'paused',
  resume: 'goes on',
  cancel: 'cancelled',
  retry: 'tried again',
};

/** Ask again each second while something moves, and every five otherwise. */
export const pollMs = (counts: Partial<Record<JobState, number>> | undefined): number =>
  (counts?.running ?? 0) + (counts?.queued ?? 0) > 0 ? 1000 : 5000;
