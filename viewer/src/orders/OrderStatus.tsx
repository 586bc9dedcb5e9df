import { Badge, Progress, Text } from '@mantine/core';
import type { Order } from '../api/orders';
import { StateBadge } from '../ui/StateBadge';
import classes from './Orders.module.css';
import { isShort, receivedOf, STATUS_TONES } from './words';

/** Where the step stands, and how many of its images are here. */
export function OrderStatusCell({ order }: { order: Order }) {
  const received = receivedOf(order);
  const expected = order.expected_instances ?? 0;
  return (
    <div className={classes.status}>
      <StateBadge tone={STATUS_TONES[order.status]} testId="order-status">
        {order.status}
      </StateBadge>
      {received ? (
        <div className={classes.received} data-short={isShort(order)} data-testid="order-received">
          {received}
          {order.status === 'in progress' && expected > 0 ? (
            <Progress
              size={3}
              value={(100 * (order.received_instances ?? 0)) / expected}
              aria-label={received}
            />
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

export function UrgentBadge({ order }: { order: Order }) {
  const priority = order.RequestedProcedurePriority;
  if (priority !== 'STAT' && priority !== 'HIGH') return null;
  return (
    <Badge size="xs" radius="sm" color="red" variant={priority === 'STAT' ? 'filled' : 'light'}>
      {priority}
    </Badge>
  );
}

export function Quiet({ children }: { children: React.ReactNode }) {
  return (
    <Text component="div" size="xs" c="var(--quiet)">
      {children}
    </Text>
  );
}
