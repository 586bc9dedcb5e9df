import { ActionIcon, Badge, Button, Menu } from '@mantine/core';
import { IconDotsVertical, IconPencil, IconUserCheck, IconX } from '@tabler/icons-react';
import type { Order } from '../api/orders';
import { DataTable, type TableColumn } from '../ui/DataTable';
import { OrderStatusCell, Quiet, UrgentBadge } from './OrderStatus';
import classes from './Orders.module.css';
import { dayOf, isAhead, personOf, procedureOf, stationOf, timeOf, whoseOrder } from './words';

export interface OrderActions {
  onOpen: (order: Order) => void;
  onEdit: (order: Order) => void;
  onArrived: (order: Order) => void;
  onCancel: (order: Order) => void;
}

interface OrderTableProps extends OrderActions {
  orders: readonly Order[];
  /** Whether the orders are of several days, so that each must say its own. */
  hasDays: boolean;
}

/** The scheduled steps by time; cards on a phone. */
export function OrderTable({ orders, hasDays, onOpen, ...actions }: OrderTableProps) {
  const columns: TableColumn<Order>[] = [
    {
      title: 'Time',
      width: hasDays ? '7.5rem' : '5rem',
      card: 'title',
      cell: (order) => (
        <>
          <span className={classes.time}>{timeOf(order) || '–'}</span>
          {hasDays ? <Quiet>{dayOf(order)}</Quiet> : null}
        </>
      ),
    },
    {
      title: 'Patient',
      card: 'plain',
      cell: (order) => (
        <>
          <span className={classes.name}>{whoseOrder(order)}</span> <UrgentBadge order={order} />
          <Quiet>{personOf(order)}</Quiet>
        </>
      ),
    },
    {
      title: 'Procedure',
      card: 'plain',
      cell: (order) => (
        <>
          {procedureOf(order) || 'Without description'}
          <Quiet>{order.AccessionNumber ? `Accession ${order.AccessionNumber}` : ''}</Quiet>
        </>
      ),
    },
    {
      title: 'Scanner',
      width: '12%',
      card: 'plain',
      cell: (order) => (
        <span className={classes.scanner}>
          <Badge size="sm" radius="sm" variant="light" tt="none">
            {order.Modality}
          </Badge>
          {stationOf(order)}
        </span>
      ),
    },
    {
      title: 'Status',
      width: '11rem',
      card: 'title',
      cell: (order) => <OrderStatusCell order={order} />,
    },
    {
      title: 'Actions',
      width: '9.5rem',
      align: 'right',
      card: 'plain',
      cell: (order) => (isAhead(order) ? <RowActions order={order} {...actions} /> : null),
    },
  ];
  return (
    <DataTable
      label="Scheduled steps"
      rows={orders}
      columns={columns}
      keyOf={(order) => String(order.id)}
      onOpen={onOpen}
      testId="orders"
    />
  );
}

interface RowActionsProps extends Omit<OrderActions, 'onOpen'> {
  order: Order;
}

function RowActions({ order, onArrived, onEdit, onCancel }: RowActionsProps) {
  return (
    <div className={classes.rowActions}>
      {order.status === 'scheduled' ? (
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconUserCheck size={15} />}
          onClick={() => onArrived(order)}
          data-testid="mark-arrived"
        >
          Mark arrived
        </Button>
      ) : null}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${whoseOrder(order)}`} data-testid="order-menu">
            <IconDotsVertical size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => onEdit(order)}>
            Change…
          </Menu.Item>
          <Menu.Item leftSection={<IconX size={16} />} onClick={() => onCancel(order)}>
            Cancel the order
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
