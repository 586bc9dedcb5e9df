import { Text, Tooltip } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconLock } from '@tabler/icons-react';
import { useState } from 'react';
import type { Association } from '../../api/associations';
import { Ago } from '../../ui/Ago';
import { formatBytes } from '../../ui/bytes';
import { DataTable, type TableColumn } from '../../ui/DataTable';
import { StateBadge } from '../../ui/StateBadge';
import { formatDuration, useNow } from '../../ui/time';
import { AssociationDetail } from './AssociationDetail';
import classes from './Associations.module.css';
import { partnersOf, saidIn, toneOf } from './words';

const COLUMNS: TableColumn<Association>[] = [
  { title: 'Who', cell: (one) => <Who of={one} />, width: '24%', card: 'title' },
  { title: 'Outcome', cell: (one) => <Outcome of={one} />, width: '12.75rem', card: 'title' },
  { title: 'What happened', cell: (one) => <Happened of={one} />, card: 'plain' },
  {
    title: 'Data',
    cell: (one) => formatBytes(one.bytes_received + one.bytes_sent),
    width: '6.5rem',
    align: 'right',
    from: 'wide',
    card: 'none',
  },
  { title: 'When', cell: (one) => <When of={one} />, width: '10.5rem', card: 'plain' },
];

/** Associations, newest first; each opens to what was offered, accepted and said. */
export function AssociationTable({ associations }: { associations: readonly Association[] }) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = ({ id }: Association) => {
    const next = new Set(opened);
    if (!next.delete(String(id))) next.add(String(id));
    setOpened(next);
  };
  return (
    <DataTable
      label="Connections"
      rows={associations}
      columns={COLUMNS}
      keyOf={(one) => String(one.id)}
      onOpen={toggle}
      opened={opened}
      detail={(one) => <AssociationDetail of={one} />}
      testId="connections-table"
    />
  );
}

function Who({ of }: { of: Association }) {
  const isIn = of.direction === 'in';
  const { from, to } = partnersOf(of);
  const Arrow = isIn ? IconArrowLeft : IconArrowRight;
  return (
    <div className={classes.who}>
      <Tooltip label={isIn ? 'It called us' : 'We called it'}>
        <Arrow
          size={17}
          className={classes.arrow}
          role="img"
          aria-label={isIn ? 'It called us' : 'We called it'}
        />
      </Tooltip>
      <div>
        <Text component="span" size="sm" fw={600} c="var(--strong)">
          {isIn ? from : to}
        </Text>
        <div className={classes.second}>
          {of.address}
          {of.is_tls ? <IconLock size={12} className={classes.lock} aria-label="by TLS" /> : null}
          {isIn && of.called_ae_title ? ` · calls ${of.called_ae_title}` : ''}
          {of.is_test ? ' · a test of this peer' : ''}
        </div>
      </div>
    </div>
  );
}

const Outcome = ({ of }: { of: Association }) => (
  <StateBadge tone={toneOf(of)} testId="outcome">
    {of.outcome}
  </StateBadge>
);

function Happened({ of }: { of: Association }) {
  const said = saidIn(of.messages);
  if (!of.reason) {
    const unasked = of.is_test ? 'looked at what it takes' : 'nothing was asked';
    return <span>{said || (of.outcome === 'open' ? 'nothing yet' : unasked)}</span>;
  }
  return (
    <div data-testid="finding" data-finding={of.finding}>
      {said ? <div className={classes.second}>{said}</div> : null}
      <div className={classes.reason}>{of.reason}</div>
      {of.advice ? <div className={classes.advice}>{of.advice}</div> : null}
    </div>
  );
}

function When({ of }: { of: Association }) {
  return (
    <div className={classes.when}>
      <Ago time_us={of.began_us} />
      <span className={classes.second}>
        {of.ended_us === null ? <Running since_us={of.began_us} /> : null}
        {of.ended_us === null ? '' : `took ${formatDuration(of.ended_us - of.began_us)}`}
      </span>
    </div>
  );
}

function Running({ since_us }: { since_us: number }) {
  const now = useNow(1000);
  return <>for {formatDuration(Math.max(0, now * 1000 - since_us))}</>;
}
