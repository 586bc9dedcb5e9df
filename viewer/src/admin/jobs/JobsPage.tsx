import { Button, Pagination, Select, Tabs } from '@mantine/core';
import { IconChecklist, IconSearchOff } from '@tabler/icons-react';
import { useSearchParams } from 'react-router';
import {
  JOB_STATES,
  type Job,
  type JobAction,
  type JobPage,
  type JobState as State,
} from '../../api/jobs';
import { formatName } from '../../dicom/format';
import { Ago } from '../../ui/Ago';
import { counted, formatCount } from '../../ui/bytes';
import { DataTable, type TableColumn } from '../../ui/DataTable';
import { Failure, Notice } from '../../ui/Notice';
import { Page } from '../../ui/Page';
import { useCommands } from '../../ui/useCommands';
import { Waiting } from '../../ui/Waiting';
import { JobActions } from './JobActions';
import { JobDetail } from './JobDetail';
import { JobProgress } from './JobProgress';
import { JobState } from './JobState';
import classes from './Jobs.module.css';
import { Lanes } from './Lanes';
import { useJobActions, useJobs, usePeerNames } from './queries';
import { kindTitle, STATE_TITLES } from './words';

const PAGE_SIZE = 25;
const ALL = 'all';

/** What the archive does in the background, and what became of it. */
export default function JobsPage() {
  const [search, setSearch] = useSearchParams();
  const state = JOB_STATES.find((one) => one === search.get('state')) ?? '';
  const peer = search.get('peer') ?? '';
  const page = Math.max(1, Math.trunc(Number(search.get('page'))) || 1);
  const { data, error, isPending, refetch } = useJobs({ state, peer, page, pageSize: PAGE_SIZE });
  const actions = useJobActions();
  const act = (job: Job, action: JobAction) => actions.mutate({ job, action });

  const set = (changes: Record<string, string>, replace = true) =>
    setSearch(
      (previous) => {
        const next = new URLSearchParams(previous);
        for (const [name, value] of Object.entries(changes)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace },
    );

  useCommands({ 'page.refresh': () => void refetch() });

  return (
    <Page
      title="Jobs"
      about="What the archive sends, fetches and confirms in the background. It goes on after a restart, and tries again by itself what a peer did not take."
      testId="jobs-page"
      bar={
        <Bar
          counts={data?.counts ?? {}}
          state={state}
          peer={peer}
          onState={(next) => set({ state: next, page: '' })}
          onPeer={(next) => set({ peer: next, page: '' })}
        />
      }
      footer={
        data && data.total > 0 ? (
          <>
            <span>{counted(data.total, 'job')}</span>
            {data.total > PAGE_SIZE ? (
              <Pagination
                size="sm"
                total={Math.ceil(data.total / PAGE_SIZE)}
                value={page}
                onChange={(next) => set({ page: next > 1 ? String(next) : '' })}
                getControlProps={(control) => ({ 'aria-label': `${control} page` })}
              />
            ) : null}
          </>
        ) : null
      }
    >
      <Lanes openJobs={openJobs(data?.counts ?? {})} />
      {isPending ? <Waiting /> : null}
      {error && !data ? (
        <Failure title="The jobs could not be read" error={error} onRetry={() => void refetch()} />
      ) : null}
      {data && data.jobs.length > 0 ? (
        <JobTable
          jobs={data.jobs}
          onOpen={(job) => set({ job: String(job.id) }, false)}
          onAct={act}
        />
      ) : null}
      {data && data.jobs.length === 0 ? (
        <Nothing
          isFiltered={state !== '' || peer !== ''}
          onClear={() => set({ state: '', peer: '', page: '' })}
        />
      ) : null}
      <JobDetail id={search.get('job') ?? undefined} onClose={() => set({ job: '' })} onAct={act} />
    </Page>
  );
}

interface BarProps {
  counts: JobPage['counts'];
  state: State | '';
  peer: string;
  onState: (state: string) => void;
  onPeer: (peer: string) => void;
}

function Bar({ counts, state, peer, onState, onPeer }: BarProps) {
  const { data: peers = [] } = usePeerNames();
  const options = peer && !peers.includes(peer) ? [...peers, peer] : peers;
  const all = Object.values(counts).reduce((sum, count) => sum + (count ?? 0), 0);
  return (
    <>
      <Tabs
        value={state || ALL}
        onChange={(next) => onState(next === ALL || !next ? '' : next)}
        variant="pills"
        className={classes.tabs}
        data-testid="job-tabs"
      >
        <Tabs.List aria-label="State">
          <Tabs.Tab value={ALL} rightSection={<Count count={all} />}>
            All
          </Tabs.Tab>
          {JOB_STATES.map((one) => (
            <Tabs.Tab
              key={one}
              value={one}
              rightSection={<Count count={counts[one] ?? 0} />}
              data-tone={one === 'failed' && counts.failed ? 'bad' : undefined}
              data-testid={`tab-${one}`}
            >
              {STATE_TITLES[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      <Select
        aria-label="Peer"
        placeholder="Any peer"
        className={classes.peer}
        clearable
        data={options}
        value={peer || null}
        onChange={(next) => onPeer(next ?? '')}
      />
    </>
  );
}

const openJobs = ({ running = 0, queued = 0, waiting = 0, paused = 0 }: JobPage['counts']) =>
  running + queued + waiting + paused;

const Count = ({ count }: { count: number }) =>
  count > 0 ? <span className={classes.count}>{formatCount(count)}</span> : null;

interface JobTableProps {
  jobs: readonly Job[];
  onOpen: (job: Job) => void;
  onAct: (job: Job, action: JobAction) => void;
}

function JobTable({ jobs, onOpen, onAct }: JobTableProps) {
  const columns: TableColumn<Job>[] = [
    {
      title: 'Job',
      card: 'title',
      cell: (job) => (
        <>
          <span className={classes.name}>{job.title || kindTitle(job.kind)}</span>
          {job.PatientName ? (
            <div className={classes.patient}>{formatName(job.PatientName)}</div>
          ) : null}
          {job.text && job.text !== job.title ? (
            <div className={classes.second}>{job.text}</div>
          ) : null}
        </>
      ),
    },
    { title: 'Peer', width: '12%', card: 'none', cell: (job) => job.peer },
    {
      title: 'State',
      width: '10.5rem',
      card: 'title',
      cell: (job) => <JobState job={job} />,
    },
    {
      title: 'Progress',
      width: '13rem',
      card: 'plain',
      cell: (job) => <JobProgress job={job} />,
    },
    {
      title: 'When',
      width: '9rem',
      card: 'plain',
      cell: (job) => (
        <span className={classes.second}>
          <Ago time_us={job.ended_us ?? job.started_us ?? job.created_us} />
        </span>
      ),
    },
    {
      title: 'Actions',
      width: '8.5rem',
      align: 'right',
      card: 'plain',
      cell: (job) => (
        <span className={classes.actions}>
          <JobActions job={job} onAct={onAct} />
        </span>
      ),
    },
  ];
  return (
    <DataTable
      label="Jobs"
      rows={jobs}
      columns={columns}
      keyOf={(job) => String(job.id)}
      onOpen={onOpen}
      testId="jobs"
    />
  );
}

function Nothing({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <Notice
        icon={<IconSearchOff size={28} />}
        title="No job is like this"
        actions={<Button onClick={onClear}>Show all jobs</Button>}
        testId="no-such-jobs"
      />
    );
  }
  return (
    <Notice icon={<IconChecklist size={28} />} title="No jobs yet" color="signal" testId="no-jobs">
      A job begins when a study is sent to a peer, by hand or by a routing rule, or fetched from a
      remote archive. Here you see how far it is, and what was refused.
    </Notice>
  );
}
