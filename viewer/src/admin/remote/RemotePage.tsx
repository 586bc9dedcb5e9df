import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconDownload, IconServerOff, IconWorldSearch } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Peer } from '../../api/peers';
import type { RemoteMatch } from '../../api/remote';
import { counted } from '../../ui/bytes';
import { Failure, Notice } from '../../ui/Notice';
import { Page } from '../../ui/Page';
import { Waiting } from '../../ui/Waiting';
import { usePeers } from '../peers/queries';
import { type Criteria, formatCriteria, matchOf, parseCriteria } from './criteria';
import { pullOf, textOf } from './matches';
import { isUnderWay, usePull, usePulls, useRemoteStudies } from './queries';
import { RemoteFailure } from './RemoteFailure';
import { RemoteTable } from './RemoteTable';
import { SearchForm } from './SearchForm';
import { Warnings } from './Warnings';

/** Search another archive and fetch studies from it. */
export default function RemotePage() {
  const [search, setSearch] = useSearchParams();
  const peers = usePeers();
  const askable = (peers.data ?? []).filter(isAskable);
  const only = askable.length === 1 ? askable[0]?.name : undefined;
  const peer = search.get('peer') ?? only ?? '';
  const criteria = parseCriteria(search);
  const isAsked = search.has('asked');
  const results = useRemoteStudies(peer, matchOf(criteria), isAsked);
  const client = useQueryClient();

  const ask = (next: Criteria) => {
    const address = formatCriteria(peer, next);
    // What is asked for again is asked of the peer again, not of what was kept.
    client.removeQueries({ queryKey: ['remote', peer], type: 'inactive' });
    if (address.toString() === search.toString()) void results.refetch();
    else setSearch(address);
  };
  const choose = (name: string, next: Criteria) => {
    const address = formatCriteria(name, next);
    address.delete('asked');
    setSearch(address, { replace: true });
  };

  return (
    <Page
      title="Remote archives"
      about="Search another archive by DICOM and fetch studies from it into this one."
      bar={
        <SearchForm
          key={search.toString()}
          peers={askable.map((one) => one.name)}
          peer={peer}
          criteria={criteria}
          isBusy={results.isFetching}
          onPeer={choose}
          onAsk={ask}
        />
      }
      testId="remote-page"
    >
      {peers.error && !peers.data ? (
        <Failure
          title="The peers could not be read"
          error={peers.error}
          onRetry={() => void peers.refetch()}
        />
      ) : null}
      {peers.data && askable.length === 0 ? <NoArchive /> : null}
      {askable.length > 0 && !isAsked ? <Hint peer={peer} /> : null}
      {isAsked && results.isPending && peer !== '' ? <Waiting rows={7} /> : null}
      {isAsked && results.error && !results.data ? (
        <RemoteFailure peer={peer} error={results.error} onRetry={() => void results.refetch()} />
      ) : null}
      {isAsked && results.data ? (
        <Results key={search.toString()} peer={peer} answer={results.data} />
      ) : null}
    </Page>
  );
}

const isAskable = ({ host, port }: Peer): boolean =>
  Boolean(host) && !host?.includes('/') && typeof port === 'number';

interface ResultsProps {
  peer: string;
  answer: NonNullable<ReturnType<typeof useRemoteStudies>['data']>;
}

function Results({ peer, answer }: ResultsProps) {
  const { matches, has_more, milliseconds, warnings } = answer;
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pulls = usePulls(peer);
  const pull = usePull(peer);
  useAskWhenOver(peer, [...(pulls.data?.values() ?? [])].some(isUnderWay));

  const begin = (studies: readonly RemoteMatch[]) =>
    pull.mutate(studies.map(pullOf), { onSuccess: () => setPicked(new Set()) });

  return (
    <>
      <Warnings peer={peer} warnings={warnings} />
      {matches.length === 0 ? (
        <Notice
          icon={<IconWorldSearch size={28} />}
          title={`${peer} knows no such study`}
          testId="no-remote-match"
        >
          It answered, but nothing fits. Names are matched from their beginning, family name first;
          an ID or an accession number must fit exactly. “*” stands for any letters.
        </Notice>
      ) : (
        <>
          <Group justify="space-between" mih={36}>
            <Text size="sm" c="var(--quiet)" data-testid="remote-total">
              {has_more
                ? `The first ${counted(matches.length, 'study', 'studies')}; narrow the search to see others`
                : counted(matches.length, 'study', 'studies')}
              , answered in {Math.round(milliseconds)} ms
            </Text>
            {picked.size > 0 ? (
              <Button
                leftSection={<IconDownload size={17} />}
                loading={pull.isPending}
                onClick={() =>
                  begin(matches.filter((one) => picked.has(textOf(one, 'StudyInstanceUID'))))
                }
                data-testid="pull-picked"
              >
                Pull {counted(picked.size, 'study', 'studies')}
              </Button>
            ) : null}
          </Group>
          <RemoteTable
            peer={peer}
            studies={matches}
            pulls={pulls.data ?? new Map()}
            picked={picked}
            onPick={setPicked}
            onPull={(study) => begin([study])}
            isBusy={pull.isPending}
          />
        </>
      )}
    </>
  );
}

/** When the last pull is over, ask once more, so that what is here now is said. */
function useAskWhenOver(peer: string, isAnyUnderWay: boolean): void {
  const client = useQueryClient();
  const was = useRef(isAnyUnderWay);
  useEffect(() => {
    if (was.current && !isAnyUnderWay) {
      void client.invalidateQueries({ queryKey: ['remote', peer], refetchType: 'active' });
    }
    was.current = isAnyUnderWay;
  }, [client, peer, isAnyUnderWay]);
}

function NoArchive() {
  return (
    <Notice
      icon={<IconServerOff size={28} />}
      title="No archive to ask"
      color="signal"
      testId="no-archive"
      actions={
        <Button component={Link} to="/network/peers">
          Go to the peers
        </Button>
      }
    >
      Another archive can be searched when it is among the peers, with its address and port. It has
      to know this archive too: by our AE title, host and port, which stand on the page of peers.
    </Notice>
  );
}

function Hint({ peer }: { peer: string }) {
  return (
    <Notice icon={<IconWorldSearch size={28} />} title="Search another archive" color="signal">
      {peer === '' ? 'Choose an archive, then' : 'Now'} say whom or what you look for; a search
      without any criteria brings the first studies of the archive. What is here already is marked,
      and what is pulled becomes one of the{' '}
      <Anchor component={Link} to="/network/jobs?kind=pull" inherit>
        jobs
      </Anchor>
      .
    </Notice>
  );
}
