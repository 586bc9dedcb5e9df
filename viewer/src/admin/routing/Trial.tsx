import { Loader, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Link } from 'react-router';
import type { RuleMatch } from '../../api/routing';
import { formatDate, formatName } from '../../dicom/format';
import { counted } from '../../ui/bytes';
import { useTrial } from './queries';
import classes from './Routing.module.css';

const SHOWN = 5;
/** The archive counts no further. */
const MOST_COUNTED = 10_000;

/** What the rule would have done with the studies that are here already. */
export function Trial({ match }: { match: RuleMatch }) {
  const [wanted] = useDebouncedValue(match, 300);
  const { data, error, isFetching } = useTrial(wanted, true);
  if (error) {
    return (
      <Text size="sm" c="var(--waiting)" data-testid="rule-trial">
        It cannot be tried on the studies here: {error.message}
      </Text>
    );
  }
  if (!data) return <Loader size="sm" color="signal" aria-label="Trying the rule" />;
  return (
    <div
      className={classes.trial}
      aria-live="polite"
      aria-busy={isFetching}
      data-testid="rule-trial"
    >
      <Text size="sm" fw={600}>
        {data.count === 0
          ? 'No study here would have matched'
          : `${data.count >= MOST_COUNTED ? 'At least ' : ''}${counted(data.count, 'study', 'studies')} here would have matched`}
      </Text>
      {data.studies.slice(0, SHOWN).map((study) => (
        <Link
          key={study.StudyInstanceUID}
          to={`/studies/${study.StudyInstanceUID}`}
          target="_blank"
          className={classes.trialStudy}
        >
          <strong>{formatName(study.PatientName) || 'No name'}</strong>
          <span>
            {[formatDate(study.StudyDate), study.StudyDescription].filter(Boolean).join(' · ')}
          </span>
        </Link>
      ))}
      {data.count > SHOWN ? (
        <Text size="xs" c="var(--quiet)">
          and {counted(data.count - Math.min(SHOWN, data.studies.length), 'other')}. They are not
          sent now: a rule acts on what comes from now on.
        </Text>
      ) : null}
      {data.count > 0 && data.count <= SHOWN ? (
        <Text size="xs" c="var(--quiet)">
          They are not sent now: a rule acts on what comes from now on.
        </Text>
      ) : null}
    </div>
  );
}
