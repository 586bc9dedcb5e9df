import { Button, Group, Modal, Switch, Text } from '@mantine/core';
import { IconPencil, IconRefresh } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { CHECKS, type Check, type Peer, testPeer } from '../../api/peers';
import { Callout } from '../../ui/Callout';
import { Failure } from '../../ui/Notice';
import { StateIcon, type Tone } from '../../ui/StateBadge';
import classes from './Peers.module.css';
import { addressOf } from './peerWords';

interface PeerTestBoxProps {
  peer: Peer | undefined;
  onClose: () => void;
  onEdit: (peer: Peer) => void;
}

const TITLES: Record<Check['name'], string> = {
  settings: 'What is set',
  address: 'Address',
  connection: 'Connection',
  tls: 'TLS',
  association: 'Association',
  echo: 'Echo',
  contexts: 'What it takes',
  'round-trip': 'Round trip',
};

const TONES: Record<Check['state'], Tone> = {
  ok: 'good',
  warning: 'warning',
  failed: 'bad',
  skipped: 'quiet',
};

const STATE_WORDS: Record<Check['state'], string> = {
  ok: 'in order',
  warning: 'works, with a warning',
  failed: 'failed',
  skipped: 'not tried',
};

/** Tests a peer when it opens, and shows each check with what to do about it. */
export function PeerTestBox({ peer, onClose, onEdit }: PeerTestBoxProps) {
  return (
    <Modal
      opened={peer !== undefined}
      onClose={onClose}
      title={peer ? `Test of ${peer.name || peer.ae_title}` : ''}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {peer ? <Test peer={peer} onClose={onClose} onEdit={onEdit} /> : null}
    </Modal>
  );
}

function Test({ peer, onClose, onEdit }: PeerTestBoxProps & { peer: Peer }) {
  const client = useQueryClient();
  const [stores, setStores] = useState(false);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['peer-test', peer.name, stores],
    queryFn: ({ signal }) => testPeer(peer.name, stores, signal),
    meta: { asksElsewhere: true },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  useEffect(() => {
    if (data) void client.invalidateQueries({ queryKey: ['peers'] });
  }, [client, data]);
  return (
    <div data-testid="peer-test">
      <Text size="sm" c="var(--quiet)" mb="sm">
        {peer.ae_title} · {addressOf(peer)}
        {peer.uses_tls ? ' · TLS' : ''}
      </Text>
      {isFetching ? <Running stores={stores} /> : null}
      {!isFetching && error ? (
        <Failure title="The test could not be run" error={error} onRetry={() => void refetch()} />
      ) : null}
      {!isFetching && data ? (
        <>
          <div className={classes.verdict}>
            <Callout
              tone={data.is_ok ? 'good' : 'bad'}
              title={data.is_ok ? 'The peer answers as it should' : 'Something is wrong'}
              testId="test-verdict"
            >
              {verdictOf(data.checks)}
            </Callout>
          </div>
          <ol className={classes.checks}>
            {data.checks.map((check) => (
              <CheckLine key={check.name} check={check} />
            ))}
          </ol>
          <Switch
            mt="lg"
            label="Store a small test object too"
            description="It makes sure that images get there and can be found again. The object stays at the peer."
            checked={stores}
            onChange={(event) => setStores(event.currentTarget.checked)}
            data-testid="test-stores"
          />
          <Group justify="flex-end" gap="xs" mt="lg">
            {peer.origin === 'app' ? (
              <Button
                variant="default"
                leftSection={<IconPencil size={16} />}
                onClick={() => {
                  onClose();
                  onEdit(peer);
                }}
              >
                Edit the peer
              </Button>
            ) : null}
            <Button
              variant="light"
              leftSection={<IconRefresh size={16} />}
              onClick={() => void refetch()}
              data-testid="test-again"
            >
              Test again
            </Button>
            <Button onClick={onClose}>Done</Button>
          </Group>
        </>
      ) : null}
    </div>
  );
}

/** The first thing that failed is what to mend first; the checks after it depend on it. */
function verdictOf(checks: readonly Check[]): string {
  const failed = checks.find((check) => check.state === 'failed');
  if (failed) return failed.advice || failed.text;
  const warnings = checks.filter((check) => check.state === 'warning').length;
  return warnings === 0
    ? 'Every check passed.'
    : 'It works; what could be better stands at the checks below.';
}

function Running({ stores }: { stores: boolean }) {
  return (
    <ol className={classes.checks} aria-busy data-testid="test-running">
      {CHECKS.filter((name) => stores || name !== 'round-trip').map((name, index) => (
        <li key={name} className={classes.check}>
          <StateIcon tone={index === 0 ? 'busy' : 'quiet'} />
          <Text size="sm" c="var(--quiet)">
            {TITLES[name]}
          </Text>
        </li>
      ))}
    </ol>
  );
}

function CheckLine({ check }: { check: Check }) {
  return (
    <li className={classes.check} data-testid={`check-${check.name}`} data-state={check.state}>
      <StateIcon tone={TONES[check.state]} />
      <div className={classes.checkWords}>
        <Text size="sm" fw={600} c="var(--strong)">
          {TITLES[check.name] ?? check.name}
          <span className="visually-hidden">: {STATE_WORDS[check.state]}</span>
        </Text>
        <Text size="sm">{check.text}</Text>
        {check.advice ? (
          <Text size="sm" className={classes.advice} data-tone={TONES[check.state]}>
            {check.advice}
          </Text>
        ) : null}
      </div>
      {check.state === 'skipped' ? null : (
        <span className={classes.second}>{Math.round(check.milliseconds)} ms</span>
      )}
    </li>
  );
}
