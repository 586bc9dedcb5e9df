import {
  Alert,
  Anchor,
  Button,
  Group,
  Loader,
  Modal,
  Progress,
  Select,
  Stack,
  Switch,
  Text,
} from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconSend } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Series, Study } from '../../api/client';
import { type JobDetail, readJob, sendStudy } from '../../api/jobs';
import { type Destination, readDestinations } from '../../api/routing';
import { formatName } from '../../dicom/format';
import { counted } from '../../ui/bytes';
import { Failure } from '../../ui/Notice';
import { countdown, percentOf, progressOf, reasonOf } from '../../ui/progress';
import { useLast } from '../../ui/useLast';

const LAST_PEER_KEY = 'hounsfield.send-to';
const SHOWN_FAILURES = 20;

interface SendDialogProps {
  /** Undefined while the dialog is closed. */
  study: Study | undefined;
  /** The series on the screen, which may be sent alone. */
  series?: Series;
  onClose: () => void;
}

/** Choose a peer, send the study to it, and watch what becomes of that. */
export function SendDialog({ study, series, onClose }: SendDialogProps) {
  const shown = useLast(study);
  return (
    <Modal
      opened={study !== undefined}
      onClose={onClose}
      title="Send to…"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {shown ? <Sending study={shown} series={series} onClose={onClose} /> : null}
    </Modal>
  );
}

interface Chosen {
  peer: string;
  isSeriesOnly: boolean;
  asksCommitment: boolean;
}

function Sending({ study, series, onClose }: SendDialogProps & { study: Study }) {
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: ({ peer, isSeriesOnly, asksCommitment }: Chosen) =>
      sendStudy(
        study.StudyInstanceUID,
        peer,
        isSeriesOnly && series ? [series.SeriesInstanceUID] : [],
        asksCommitment,
      ),
    onSuccess: (_, { peer }) => {
      localStorage.setItem(LAST_PEER_KEY, peer);
      void client.invalidateQueries({ queryKey: ['jobs'] });
    },
  });
  return (
    <Stack gap="md" data-testid="send-dialog">
      <Text size="sm">
        <strong>{formatName(study.PatientName) || 'No name'}</strong>
        {' · '}
        {[study.PatientID, study.StudyDescription].filter(Boolean).join(' · ')}
        {' · '}
        {counted(study.NumberOfStudyRelatedInstances, 'image')}
      </Text>
      {start.data ? (
        <Result id={String(start.data.id)} peer={start.data.peer} onClose={onClose} />
      ) : (
        <Choice
          series={series}
          isStarting={start.isPending}
          error={start.error}
          onSend={start.mutate}
        />
      )}
    </Stack>
  );
}

interface ChoiceProps {
  series: Series | undefined;
  isStarting: boolean;
  error: Error | null;
  onSend: (chosen: Chosen) => void;
}

function Choice({ series, isStarting, error, onSend }: ChoiceProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [isSeriesOnly, setSeriesOnly] = useState(false);
  const [asksCommitment, setAsksCommitment] = useState(false);
  const peers = useQuery({
    queryKey: ['destinations'],
    queryFn: ({ signal }) => readDestinations(signal),
  });
  if (peers.error && !peers.data) {
    return (
      <Failure
        title="The peers could not be read"
        error={peers.error}
        onRetry={() => void peers.refetch()}
      />
    );
  }
  if (!peers.data) return <Loader color="signal" aria-label="Reading the peers" />;
  const reachable = peers.data.peers.filter((peer) => peer.host && peer.port);
  if (reachable.length === 0) return <NoPeer hasPeers={peers.data.peers.length > 0} />;
  const last = localStorage.getItem(LAST_PEER_KEY);
  const peer =
    chosen ?? reachable.find(({ name }) => name === last)?.name ?? reachable[0]?.name ?? null;
  return (
    <>
      <Select
        label="Peer"
        data={reachable.map(({ name }) => ({ value: name, label: name }))}
        value={peer}
        onChange={setChosen}
        allowDeselect={false}
        searchable={reachable.length > 6}
        description={describePeer(reachable.find(({ name }) => name === peer))}
        data-autofocus
        data-testid="send-peer"
      />
      {series ? (
        <Switch
          label={`Only the series on the screen${series.SeriesDescription ? `: ${series.SeriesDescription}` : ''}`}
          checked={isSeriesOnly}
          onChange={(event) => setSeriesOnly(event.currentTarget.checked)}
        />
      ) : null}
      <Switch
        label="Ask the peer to commit what was sent"
        description="It then says of each image whether it keeps it. Its answer is a job of its own."
        checked={asksCommitment}
        onChange={(event) => setAsksCommitment(event.currentTarget.checked)}
        data-testid="send-commit"
      />
      {error ? (
        <Alert color="orange" icon={<IconAlertTriangle size={18} />} title="It could not be sent">
          {error.message}
        </Alert>
      ) : null}
      <Group justify="flex-end">
        <Button
          leftSection={<IconSend size={16} />}
          loading={isStarting}
          onClick={() => peer && onSend({ peer, isSeriesOnly, asksCommitment })}
          data-testid="send-now"
        >
          Send
        </Button>
      </Group>
    </>
  );
}

const describePeer = (peer: Destination | undefined): string =>
  peer
    ? [peer.description, `${peer.ae_title} at ${peer.host}:${peer.port}`]
        .filter(Boolean)
        .join(' · ')
    : '';

function NoPeer({ hasPeers }: { hasPeers: boolean }) {
  return (
    <Alert color="signal" title="There is nowhere to send to yet" data-testid="no-destination">
      {hasPeers
        ? 'None of the peers has an address: enter the host and port of one under '
        : 'Add the archive or workstation that shall get the images under '}
      <Anchor component={Link} to="/network/peers" inherit>
        Network, Peers
      </Anchor>
      .
    </Alert>
  );
}

function Result({ id, peer, onClose }: { id: string; peer: string; onClose: () => void }) {
  const { data: job, error } = useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => readJob(id, signal),
    refetchInterval: (query) => (isOver(query.state.data) ? false : 1000),
    staleTime: 0,
  });
  return (
    <>
      <div role="status" data-testid="send-state" data-state={job?.state ?? ''}>
        {job ? <Outcome job={job} /> : <Text size="sm">Handing it to {peer}…</Text>}
        {error && !job ? <Text size="sm">{error.message}</Text> : null}
      </div>
      {job?.failures.length ? <Failures job={job} /> : null}
      <Group justify="space-between">
        <Anchor component={Link} to={`/network/jobs?job=${encodeURIComponent(id)}`} size="sm">
          Show the job
        </Anchor>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
      </Group>
      {isOver(job) ? null : (
        <Text size="xs" c="var(--quiet)">
          You may close this: it goes on by itself.
        </Text>
      )}
    </>
  );
}

const isOver = (job: JobDetail | undefined): boolean =>
  job !== undefined && ['done', 'failed', 'cancelled'].includes(job.state);

function Outcome({ job }: { job: JobDetail }) {
  if (job.state === 'done') {
    return (
      <Alert color="teal" icon={<IconCheck size={18} />} title={`${job.peer} has it`}>
        {counted(job.done, 'image')} accepted.
      </Alert>
    );
  }
  if (job.state === 'failed' || job.state === 'cancelled') {
    return (
      <Alert
        color="orange"
        icon={<IconAlertTriangle size={18} />}
        title={job.state === 'failed' ? 'Not everything arrived' : 'Cancelled'}
      >
        {job.text || `${progressOf(job)} accepted by ${job.peer}.`}
      </Alert>
    );
  }
  const held = `${job.peer} is paused under Jobs: it goes on when that ends`;
  const words = {
    queued: job.is_peer_paused ? held : `Waiting for its turn to ${job.peer}`,
    running: `Sending to ${job.peer}`,
    waiting: job.is_peer_paused
      ? held
      : `${job.peer} ${job.done > 0 ? 'has not taken all of it' : 'did not take it'}; the next try is ${job.next_try_us ? countdown(job.next_try_us, Date.now()) : 'soon'}`,
    paused: 'Paused',
  };
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {words[job.state as keyof typeof words]}
        </Text>
        <Text size="sm" c="var(--quiet)">
          {progressOf(job)}
        </Text>
      </Group>
      <Progress
        value={percentOf(job) ?? 0}
        animated={job.state === 'running'}
        color={job.state === 'waiting' ? 'yellow' : undefined}
        aria-label={progressOf(job) || 'Progress'}
      />
      {job.text ? (
        <Text size="xs" c="var(--quiet)">
          {job.text}
        </Text>
      ) : null}
    </Stack>
  );
}

function Failures({ job }: { job: JobDetail }) {
  return (
    <Stack gap={4} data-testid="send-failures">
      <Text size="sm" fw={600}>
        {counted(Math.max(job.failed_instances, job.failures.length), 'image')} refused
      </Text>
      {job.failures.slice(0, SHOWN_FAILURES).map((failure) => (
        <Text key={failure.sop_instance_uid} size="xs" style={{ overflowWrap: 'anywhere' }}>
          {failure.sop_instance_uid}
          <Text span c="var(--quiet)" inherit>
            {' · '}
            {reasonOf(failure)}
          </Text>
        </Text>
      ))}
      {job.failures.length > SHOWN_FAILURES ? (
        <Text size="xs" c="var(--quiet)">
          The job shows all of them.
        </Text>
      ) : null}
    </Stack>
  );
}
