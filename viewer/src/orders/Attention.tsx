import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Order, OrderStatus } from '../api/orders';
import { Callout } from '../ui/Callout';
import { Panel } from '../ui/Page';
import classes from './Orders.module.css';
import { dayOf, isShort, personOf, procedureOf, timeOf, whoseOrder } from './words';

interface AttentionProps {
  orders: readonly Order[];
  onOpen: (order: Order) => void;
}

/** The orders that somebody has to look at, above everything else. */
export function Attention({ orders, onOpen }: AttentionProps) {
  if (orders.length === 0) return null;
  return (
    <Panel tone="waiting" testId="attention" title="Needs attention">
      <ul className={classes.attention}>
        {orders.map((order) => (
          <li key={order.id}>
            <IconAlertTriangle size={17} color="var(--waiting)" aria-hidden />
            <div>
              <Anchor component="button" inherit fw={600} onClick={() => onOpen(order)}>
                {whoseOrder(order)}
              </Anchor>{' '}
              <Text span size="xs" c="var(--quiet)">
                {[personOf(order), procedureOf(order), `${dayOf(order)} ${timeOf(order)}`.trim()]
                  .filter(Boolean)
                  .join(' · ')}
              </Text>
              <Text size="sm">{order.needs_attention}</Text>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

interface AttentionNoteProps {
  order: Order;
  onMove: (order: Order, status: OrderStatus) => void;
}

/** Why this order needs attention, and what can be done about it. */
export function AttentionNote({ order, onMove }: AttentionNoteProps) {
  return (
    <Callout tone="warning" title="Needs attention" testId="attention-note">
      <Text size="sm">{order.needs_attention}</Text>
      {isShort(order) ? (
        <>
          <Text size="sm" mt={6}>
            Send the study again from the scanner: only what is missing is added. Where it says that
            it sent everything, Network, Connections shows the transfers that failed.
          </Text>
          <Button
            mt="sm"
            size="compact-sm"
            variant="default"
            onClick={() => onMove(order, order.status)}
            data-testid="accept-missing"
          >
            They will not come
          </Button>
        </>
      ) : null}
      {order.status === 'discontinued' ? (
        <>
          <Text size="sm" mt={6}>
            If this patient was not examined, schedule the step again: the scanner then finds it in
            its worklist.
          </Text>
          <Group mt="sm" gap="xs">
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onMove(order, 'scheduled')}
              data-testid="reschedule"
            >
              Schedule it again
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              onClick={() => onMove(order, 'cancelled')}
            >
              Cancel the order
            </Button>
          </Group>
        </>
      ) : null}
    </Callout>
  );
}
