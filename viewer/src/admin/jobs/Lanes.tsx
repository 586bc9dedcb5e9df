import { Button, Group, Text } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { counted } from '../../ui/bytes';
import { Panel } from '../../ui/Page';
import classes from './Jobs.module.css';
import { type PeerLane, useLaneAction, useLanes, usePeerNames } from './queries';

/** The peers whose jobs are held back or on their way, each to be paused as a whole. */
export function Lanes({ openJobs }: { openJobs: number }) {
  const { data: peers = [] } = usePeerNames();
  const lanes = useLanes(peers, openJobs).filter(
    (lane) => lane.is_paused || lane.queued + lane.running > 0,
  );
  const act = useLaneAction();
  if (lanes.length === 0) return null;
  return (
    <Panel testId="lanes">
      <ul className={classes.lanes}>
        {lanes.map((lane) => (
          <li key={lane.peer} data-peer={lane.peer}>
            <div>
              <Text span fw={600} size="sm">
                {lane.peer}
              </Text>{' '}
              <Text span size="sm" c={lane.is_paused ? 'var(--waiting)' : 'var(--quiet)'}>
                {describe(lane)}
              </Text>
            </div>
            <Group>
              <Button
                size="compact-sm"
                variant={lane.is_paused ? 'filled' : 'default'}
                leftSection={
                  lane.is_paused ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />
                }
                loading={act.isPending && act.variables.peer === lane.peer}
                onClick={() =>
                  act.mutate({ peer: lane.peer, action: lane.is_paused ? 'resume' : 'pause' })
                }
                data-testid={lane.is_paused ? 'lane-resume' : 'lane-pause'}
              >
                {lane.is_paused ? 'Go on' : 'Pause the peer'}
              </Button>
            </Group>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function describe({ is_paused, queued, running }: PeerLane): string {
  const rest = [
    running > 0 ? `${running} running` : '',
    queued > 0 ? `${counted(queued, 'job')} to come` : '',
  ].filter(Boolean);
  if (!is_paused) return rest.join(', ');
  return ['paused: nothing is sent to it', ...rest].join(', ');
}
