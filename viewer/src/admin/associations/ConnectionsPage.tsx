import { Anchor, Button, SegmentedControl, Select, Switch, Text } from '@mantine/core';
import { IconPlugConnected, IconSearchOff } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { AssociationQuery } from '../../api/associations';
import { Failure, Notice } from '../../ui/Notice';
import { Page } from '../../ui/Page';
import { SearchInput } from '../../ui/SearchInput';
import { useCommands } from '../../ui/useCommands';
import { Waiting } from '../../ui/Waiting';
import { usePeers } from '../peers/queries';
import classes from './Associations.module.css';
import { AssociationTable } from './AssociationTable';
import { formatFilters, isFiltered, parseFilters } from './filters';
import { useAssociations } from './queries';

const OUTCOMES = [
  { value: '', label: 'All' },
  { value: 'failed', label: 'Failed' },
  { value: 'open', label: 'Open' },
];

/** The connection doctor: every association as it comes, with what to do about those that fail. */
export default function ConnectionsPage() {
  const [search, setSearch] = useSearchParams();
  const query = parseFilters(search);
  const [isLive, setLive] = useState(true);
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } =
    useAssociations(query, isLive);
  const associations = data?.pages.flatMap((page) => page.associations) ?? [];
  const set = (changes: Partial<AssociationQuery>) =>
    setSearch(formatFilters({ ...query, ...changes }), { replace: true });
  const clear = () => setSearch(new URLSearchParams());

  useCommands({ 'page.refresh': () => void refetch(), 'list.clear-filters': clear });

  return (
    <Page
      title="Connections"
      about="Every DICOM association, in and out. Where one fails, the reason and what to change stand beside it."
      actions={
        <Switch
          label="Live"
          checked={isLive}
          onChange={(event) => setLive(event.currentTarget.checked)}
          data-testid="live"
        />
      }
      bar={<Filters query={query} onChange={set} onClear={clear} />}
      testId="connections-page"
    >
      {isPending ? <Waiting rows={8} /> : null}
      {error && !data ? (
        <Failure
          title="The connections could not be read"
          error={error}
          onRetry={() => void refetch()}
        />
      ) : null}
      {data && associations.length === 0 ? <Nothing query={query} onClear={clear} /> : null}
      {associations.length > 0 ? <AssociationTable associations={associations} /> : null}
      {hasNextPage ? (
        <Button
          variant="default"
          mx="auto"
          loading={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
          data-testid="older"
        >
          Older connections
        </Button>
      ) : null}
      {associations.length > 0 && !hasNextPage ? (
        <Text size="xs" c="var(--quiet)" ta="center">
          That is all. Records are kept for 30 days, at most the newest 10,000.
        </Text>
      ) : null}
    </Page>
  );
}

interface FiltersProps {
  query: AssociationQuery;
  onChange: (changes: Partial<AssociationQuery>) => void;
  onClear: () => void;
}

function Filters({ query, onChange, onClear }: FiltersProps) {
  const { data: peers = [] } = usePeers();
  const names = [...new Set([...peers.map((peer) => peer.name), query.peer])].filter(Boolean);
  return (
    <>
      <SearchInput
        label="Search connections"
        placeholder="AE title, address or reason"
        value={query.q}
        onChange={(q) => onChange({ q })}
        testId="connections-search"
      />
      <SegmentedControl
        aria-label="Outcome"
        data={OUTCOMES}
        value={query.outcome === 'ok' ? '' : query.outcome}
        onChange={(outcome) => onChange({ outcome: outcome as AssociationQuery['outcome'] })}
        data-testid="outcome-filter"
      />
      <Select
        aria-label="Direction"
        className={classes.choice}
        allowDeselect={false}
        data={[
          { value: '', label: 'In and out' },
          { value: 'in', label: 'In' },
          { value: 'out', label: 'Out' },
        ]}
        value={query.direction}
        onChange={(direction) => onChange({ direction: (direction ?? '') as '' | 'in' | 'out' })}
      />
      <Select
        aria-label="Peer"
        placeholder="Any peer"
        className={classes.choice}
        clearable
        searchable
        data={names}
        value={query.peer || null}
        onChange={(peer) => onChange({ peer: peer ?? '' })}
        data-testid="connections-peer"
      />
      {isFiltered(query) ? (
        <Button variant="subtle" color="gray" px="xs" onClick={onClear}>
          Clear
        </Button>
      ) : null}
    </>
  );
}

function Nothing({ query, onClear }: { query: AssociationQuery; onClear: () => void }) {
  if (!isFiltered(query)) {
    return (
      <Notice
        icon={<IconPlugConnected size={28} />}
        title="No connections yet"
        testId="no-connections"
        color="signal"
      >
        As soon as a system calls this one, or this one calls another, it stands here with what was
        agreed on and how it ended. To try it, add a{' '}
        <Anchor component={Link} to="/network/peers" inherit>
          peer
        </Anchor>{' '}
        and test it.
      </Notice>
    );
  }
  return (
    <Notice
      icon={<IconSearchOff size={28} />}
      title={query.outcome === 'failed' ? 'Nothing failed' : 'No connection matches'}
      testId="no-connections"
      actions={<Button onClick={onClear}>Show all</Button>}
    >
      {query.outcome === 'failed'
        ? 'Among the connections that are kept, none that fits the filters went wrong.'
        : 'None of the connections that are kept fits the filters.'}
    </Notice>
  );
}
