import { Progress } from '@mantine/core';
import type { Job } from '../../api/jobs';
import { formatCount } from '../../ui/bytes';
import { percentOf, progressOf } from '../../ui/progress';
import classes from './Jobs.module.css';
import { failedWord } from './words';

const COLOURS: Partial<Record<Job['state'], string>> = {
  done: 'teal',
  failed: 'red',
  waiting: 'yellow',
  paused: 'gray',
  cancelled: 'gray',
};

/** How much of a job is done, and how many of its images were refused. */
export function JobProgress({ job }: { job: Job }) {
  const text = progressOf(job);
  const refused =
    job.failed_instances > 0 ? `${formatCount(job.failed_instances)} ${failedWord(job.kind)}` : '';
  if (!text && !refused && job.state !== 'running') return null;
  return (
    <div className={classes.progress} data-testid="job-progress">
      <span>
        {text}
        {refused ? <strong className={classes.refused}>{refused}</strong> : null}
      </span>
      <Progress
        size={4}
        value={percentOf(job) ?? (job.state === 'done' ? 100 : 0)}
        color={COLOURS[job.state]}
        animated={job.state === 'running'}
        aria-label={text || 'Progress'}
      />
    </div>
  );
}
