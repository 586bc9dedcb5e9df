/** How much of a study has come, against what its scanner announced by MPPS. */
import type { Study } from '../../api/client';
import { counted, formatCount } from '../../ui/bytes';

type Counted = Pick<Study, 'status' | 'NumberOfStudyRelatedInstances' | 'expected_instances'>;

/** How many images are still to come; 0 where nothing is known or all are here. */
export const missingOf = (study: Counted): number =>
  Math.max(0, (study.expected_instances ?? 0) - study.NumberOfStudyRelatedInstances);

/** Some are missing and none has come for so long that nobody waits for them any more. */
export const isIncomplete = (study: Counted): boolean =>
  study.status !== 'receiving' && missingOf(study) > 0;

/** "212 of 240 received"; "" where the whole is not known or already here. */
export function progressText(study: Counted): string {
  if (missingOf(study) === 0) return '';
  return `${formatCount(study.NumberOfStudyRelatedInstances)} of ${formatCount(study.expected_instances ?? 0)} received`;
}

export const percentReceived = (study: Counted): number =>
  study.expected_instances
    ? Math.min(100, (100 * study.NumberOfStudyRelatedInstances) / study.expected_instances)
    : 0;

export function whatToDo(study: Counted): string {
  const [expected, missing] = [study.expected_instances ?? 0, missingOf(study)];
  return `The scanner said that it made ${counted(expected, 'image')}; ${counted(missing, 'image')} did not come, and nothing arrives any more. Send the study again from the scanner: what is here already is recognised. If it says that it sent everything, look under Network, Connections for transfers that failed.`;
}
