import { Button, Text } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import type { Caller } from '../../api/peers';
import { Ago } from '../../ui/Ago';
import { Panel } from '../../ui/Page';
import classes from './Peers.module.css';
import { useCallers, useDismiss, useTrust } from './queries';

/** Who called and was refused, each to be trusted with one click; nothing while there is nobody. */
export function CallersBox() {
  const { data: callers = [] } = useCallers();
  if (callers.length === 0) return null;
  return (
    <Panel title="Refused callers" tone="waiting" testId="callers">
      <ul className={classes.callers}>
        {callers.map((caller) => (
          <CallerLine
            key={`${caller.ae_title} ${caller.called_ae_title} ${caller.address}`}
            caller={caller}
          />
        ))}
      </ul>
    </Panel>
  );
}

const timesOf = (count: number): string =>
  count === 2 ? 'twice' : `${count.toLocaleString('en-US')} times`;

function CallerLine({ caller }: { caller: Caller }) {
  const trust = useTrust();
  const dismiss = useDismiss();
  return (
    <li className={classes.caller} data-testid="caller" data-ae-title={caller.ae_title}>
      <div className={classes.callerWords}>
        <Text size="sm" c="var(--strong)">
          <strong>{caller.ae_title || 'A caller without an AE title'}</strong> at {caller.address}{' '}
          was refused {caller.count > 1 ? `${timesOf(caller.count)}, last` : ''}{' '}
          <Ago time_us={caller.last_us} />
        </Text>
        <Text size="sm" c="var(--quiet)">
          {[caller.reason, caller.advice].filter(Boolean).join(' ')}
        </Text>
      </div>
      <div className={classes.callerActions}>
        {caller.can_trust ? (
          <Button
            size="xs"
            leftSection={<IconShieldCheck size={16} />}
            loading={trust.isPending}
            onClick={() => trust.mutate(caller)}
            data-testid="trust"
          >
            Trust this peer
          </Button>
        ) : null}
        <Button
          size="xs"
          variant="default"
          loading={dismiss.isPending}
          onClick={() => dismiss.mutate(caller)}
          data-testid="dismiss-caller"
        >
          Dismiss
        </Button>
      </div>
    </li>
  );
}
