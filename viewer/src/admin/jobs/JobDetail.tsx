import { Alert, Button, Drawer, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconPhoto } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { JobDetail as Detailed, Job, JobAction, JobFailure } from '../../api/jobs';
import { formatName } from '../../dicom/format';
import { counted, formatCount } from '../../ui/bytes';
import { CopyIcon } from '../../ui/CopyText';
import { Facts } from '../../ui/Facts';
import { Failure } from '../../ui/Notice';
import { reasonOf } from '../../ui/progress';
import { formatDuration, formatMoment } from '../../ui/time';
import { useLast } from '../../ui/useLast';
import { JobActions } from './JobActions';
import { JobProgress } from './JobProgress';
import { JobState } from './JobState';
import classes from './Jobs.module.css';
import { useJob } from './queries';
import { failedWord, kindTitle } from './words';

interface JobDetailProps {
  id: string | undefined;
  onClose: () => void;
  onAct: (job: Job, action: JobAction) => void;
}

/** One job with each image that was refused or not committed, and why. */
export function JobDetail({ id, onClose, onAct }: JobDetailProps) {
  const shown = useLast(id);
  return (
    <Drawer
      opened={id !== undefined}
      onClose={onClose}
      position="right"
      size="min(40rem, 100vw)"
      title="Job"
      closeButtonProps={{ 'aria-label': 'Close the job' }}
    >
      {shown === undefined ? null : <Detail id={shown} onAct={onAct} />}
    </Drawer>
  );
}

function Detail({ id, onAct }: { id: string; onAct: JobDetailProps['onAct'] }) {
  const { data: job, error, refetch } = useJob(id);
  if (error && !job) {
    return (
      <Failure title="The job could not be read" error={error} onRetry={() => void refetch()} />
    );
  }
  if (!job) return <Loader color="signal" aria-label="Reading the job" />;
  return (
    <Stack gap="lg" data-testid="job-detail">
      <Stack gap={8} align="flex-start">
        <Title order={2} size="h4" className={classes.title}>
          {job.title}
        </Title>
        <JobState job={job} />
        <div className={classes.wideProgress}>
          <JobProgress job={job} />
        </div>
        {job.text && job.failures.length === 0 ? (
          <Text size="sm" className={classes.title}>
            {job.text}
          </Text>
        ) : null}
      </Stack>
      <Group gap="xs">
        <JobActions job={job} onAct={onAct} isLarge />
        {job.study_instance_uid ? (
          <Button
            component={Link}
            to={`/studies/${job.study_instance_uid}`}
            variant="default"
            leftSection={<IconPhoto size={16} />}
          >
            Open the study
          </Button>
        ) : null}
      </Group>
      <Failures job={job} />
      <Facts
        facts={[
          ['Patient', formatName(job.PatientName)],
          ['Kind', kindTitle(job.kind)],
          ['Peer', job.peer],
          ['Asked for by', job.actor],
          ['Asked for', formatMoment(job.created_us)],
          ['Started', job.started_us ? formatMoment(job.started_us) : ''],
          ['Ended', job.ended_us ? formatMoment(job.ended_us) : ''],
          ['Took', tookOf(job)],
          ['Attempts', String(job.attempts)],
          ['Study Instance UID', job.study_instance_uid],
        ]}
      />
    </Stack>
  );
}

const tookOf = (job: Job): string =>
  job.started_us && job.ended_us ? formatDuration(job.ended_us - job.started_us) : '';

function Failures({ job }: { job: Detailed }) {
  if (job.failures.length === 0) return null;
  const reasons = byReason(job.failures);
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle size={18} />}
      title={`${counted(Math.max(job.failed_instances, job.failures.length), 'image')} ${failedWord(job.kind)} by ${job.peer}`}
      data-testid="job-failures"
    >
      <Stack gap="md">
        {reasons.map(([reason, failures]) => (
          <div key={reason}>
            <Text size="sm" fw={600}>
              {reason}
            </Text>
            <ul className={classes.failures}>
              {failures.map(({ sop_instance_uid: uid }) => (
                <li key={uid}>
                  <code>{uid}</code>
                  <CopyIcon value={uid} label="Copy the UID" />
                </li>
              ))}
            </ul>
          </div>
        ))}
        {job.failed_instances > job.failures.length ? (
          <Text size="xs" c="var(--quiet)">
            The first {formatCount(job.failures.length)} of them are listed.
          </Text>
        ) : null}
      </Stack>
    </Alert>
  );
}

/** What was refused for the same reason stands together, the commonest first. */
function byReason(failures: readonly JobFailure[]): [string, JobFailure[]][] {
  const found = new Map<string, JobFailure[]>();
  for (const failure of failures) {
    const reason = reasonOf(failure);
    found.set(reason, [...(found.get(reason) ?? []), failure]);
  }
  return [...found].sort(([, a], [, b]) => b.length - a.length);
}
