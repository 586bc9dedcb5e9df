/** How much of a study has come, against what its scanner announced by MPPS. */
import type { Study } from '../../api/client';
import { counted, formatCount } from '../../ui/bytes';

type Counted = Pick<
  Study,
  'status' | 'expected_instances' | 'missing_instances' | 'needs_attention'
>;

/** How many images are still to come; 0 where nothing is known or all are here. */
export const missingOf = (study: Counted): number => study.missing_instances ?? 0;

const receivedOf = (study: Counted): number => (study.expected_instances ?? 0) - missingOf(study);

/** Some are missing and none has come for so long that nobody waits for them any more. */
export const isIncomplete = (study: Counted): boolean =>
  missingOf(study) > 0 && (study.status !== 'receiving' || Boolean(study.needs_attention));

/** "212 of 240 received"; "" where the whole is not known or already here. */
export function progressText(study: Counted): string {
  if (missingOf(study) === 0) return '';
  return `${formatCount(receivedOf(study))} of ${formatCount(study.expected_instances ?? 0)} received`;
}

export const percentReceived = (study: Counted): number =>
  study.expected_instances ? (100 * receivedOf(study)) / study.expected_instances : 0;

const SEND_AGAIN =
  'Send the study again from the scanner: what is here already is recognised. If it says that it sent everything, look under Network, Connections for transfers that failed.';

export const whatToDo = (study: Counted): string =>
  study.needs_attention
    ? `${study.needs_attention} ${SEND_AGAIN}`
    : `The scanner said that it made ${counted(study.expected_instances ?? 0, 'image')}; ${counted(missingOf(study), 'image')} did not come, and somebody settled that they will not.`;
