import { Text } from '@mantine/core';
import type { Job } from '../../api/jobs';
import { countdown } from '../../ui/progress';
import { StateBadge } from '../../ui/StateBadge';
import { useNow } from '../../ui/time';
import classes from './Jobs.module.css';
import { STATE_TITLES, STATE_TONES } from './words';

/** Where a job stands, and when it is tried again. */
export function JobState({ job }: { job: Job }) {
  return (
    <div className={classes.state}>
      <StateBadge tone={STATE_TONES[job.state]} testId="job-state">
        {STATE_TITLES[job.state].toLowerCase()}
      </StateBadge>
      {job.is_peer_paused && (job.state === 'waiting' || job.state === 'queued') ? (
        <Text size="xs" c="var(--quiet)" component="span">
          {job.peer} is paused
        </Text>
      ) : null}
      {job.state === 'waiting' && job.next_try_us ? (
        <NextTry time_us={job.next_try_us} attempts={job.attempts} />
      ) : null}
    </div>
  );
}

function NextTry({ time_us, attempts }: { time_us: number; attempts: number }) {
  const now = useNow(1000);
  return (
    <Text size="xs" c="var(--quiet)" component="span">
      next try {countdown(time_us, now)}
      {attempts > 1 ? `, ${attempts} tries failed` : ''}
    </Text>
  );
}
