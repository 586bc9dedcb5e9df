import { ActionIcon, Badge, Button, Group, Menu, Text, Tooltip } from '@mantine/core';
import {
  IconDotsVertical,
  IconLock,
  IconPencil,
  IconPlugConnected,
  IconSearch,
  IconSettings,
  IconStethoscope,
  IconTrash,
} from '@tabler/icons-react';
import { type Peer, RIGHTS } from '../../api/peers';
import { Ago } from '../../ui/Ago';
import { DataTable, type TableColumn } from '../../ui/DataTable';
import { StateBadge, type Tone } from '../../ui/StateBadge';
import classes from './Peers.module.css';
import { addressOf, keyOfPeer } from './peerWords';
import { RIGHT_WORDS } from './rights';

interface PeerTableProps {
  peers: readonly Peer[];
  onEdit: (peer: Peer) => void;
  onTest: (peer: Peer) => void;
  onDelete: (peer: Peer) => void;
  onShowConnections: (peer: Peer) => void;
  onSearch: (peer: Peer) => void;
}

export function PeerTable(props: PeerTableProps) {
  const columns: TableColumn<Peer>[] = [
    { title: 'Name', cell: (peer) => <Name peer={peer} />, width: '24%', card: 'title' },
    { title: 'AE title', cell: (peer) => <code>{peer.ae_title}</code>, width: '15%' },
    { title: 'Address', cell: (peer) => <Address peer={peer} />, width: '18%' },
    { title: 'May', cell: (peer) => <Rights peer={peer} />, from: 'wide' },
    { title: 'Last seen', cell: (peer) => <LastSeen peer={peer} />, width: '14.5rem' },
    {
      title: 'Actions',
      cell: (peer) => <Actions peer={peer} {...props} />,
      width: '9.5rem',
      align: 'right',
      card: 'plain',
    },
  ];
  return (
    <DataTable
      label="Peers"
      rows={props.peers}
      columns={columns}
      keyOf={keyOfPeer}
      onOpen={props.onEdit}
      testId="peer-table"
    />
  );
}

function Name({ peer }: { peer: Peer }) {
  return (
    <>
      <Group gap={8}>
        <Text component="span" fw={600} c="var(--strong)" size="sm">
          {peer.name || peer.ae_title}
        </Text>
        {peer.origin === 'settings' ? (
          <Tooltip
            label="It stands in the settings file and is changed there."
            events={{ hover: true, focus: true, touch: true }}
          >
            <Badge
              size="sm"
              variant="default"
              tt="none"
              fw={500}
              leftSection={<IconSettings size={12} />}
              tabIndex={0}
              data-testid="from-settings"
            >
              settings
            </Badge>
          </Tooltip>
        ) : null}
      </Group>
      {peer.description ? <span className={classes.second}>{peer.description}</span> : null}
    </>
  );
}

function Address({ peer }: { peer: Peer }) {
  return (
    <Group gap={8}>
      <span className={peer.host ? undefined : classes.second}>{addressOf(peer)}</span>
      {peer.uses_tls || peer.requires_tls ? (
        <Badge size="sm" variant="light" tt="none" leftSection={<IconLock size={12} />}>
          {peer.requires_tls ? 'TLS only' : 'TLS'}
        </Badge>
      ) : null}
    </Group>
  );
}

function Rights({ peer }: { peer: Peer }) {
  if (peer.may.length === RIGHTS.length) return <span>everything</span>;
  if (peer.may.length === 0) return <span className={classes.second}>nothing here</span>;
  return (
    <Group gap={4}>
      {RIGHTS.filter((right) => peer.may.includes(right)).map((right) => (
        <Tooltip key={right} label={RIGHT_WORDS[right].title}>
          <Badge size="sm" radius="sm" variant="default" tt="none" fw={500}>
            {RIGHT_WORDS[right].short}
          </Badge>
        </Tooltip>
      ))}
    </Group>
  );
}

const outcomeTone = (outcome: string | null): Tone =>
  outcome === 'released' ? 'good' : outcome === 'open' ? 'busy' : 'bad';

function LastSeen({ peer }: { peer: Peer }) {
  if (peer.last_seen_us === null) return <span className={classes.second}>never</span>;
  return (
    <Group gap={8} data-testid="last-seen">
      <Ago time_us={peer.last_seen_us} />
      {peer.last_outcome ? (
        <StateBadge tone={outcomeTone(peer.last_outcome)}>{peer.last_outcome}</StateBadge>
      ) : null}
    </Group>
  );
}

function Actions(props: PeerTableProps & { peer: Peer }) {
  const { peer, onEdit, onTest, onDelete, onShowConnections, onSearch } = props;
  const isFixed = peer.origin === 'settings';
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      <Button
        size="compact-sm"
        variant="light"
        leftSection={<IconStethoscope size={15} />}
        onClick={() => onTest(peer)}
        data-testid="test-peer"
      >
        Test
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`More about ${peer.name}`} data-testid="peer-menu">
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => onEdit(peer)}>
            {isFixed ? 'Show' : 'Edit'}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconPlugConnected size={16} />}
            onClick={() => onShowConnections(peer)}
          >
            Its connections
          </Menu.Item>
          <Menu.Item
            leftSection={<IconSearch size={16} />}
            disabled={!peer.host || peer.port === null}
            onClick={() => onSearch(peer)}
          >
            Search there
          </Menu.Item>
          {isFixed ? null : (
            <Menu.Item
              leftSection={<IconTrash size={16} />}
              color="red"
              onClick={() => onDelete(peer)}
              data-testid="delete-peer"
            >
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
