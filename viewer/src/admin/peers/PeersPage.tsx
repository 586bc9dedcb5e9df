import { Button } from '@mantine/core';
import { IconPlus, IconServer2 } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { Peer } from '../../api/peers';
import { commands } from '../../commands';
import { Callout } from '../../ui/Callout';
import { Failure, Notice } from '../../ui/Notice';
import { Page } from '../../ui/Page';
import { useCommands } from '../../ui/useCommands';
import { Waiting } from '../../ui/Waiting';
import { useServer } from '../server';
import { CallersBox } from './CallersBox';
import { OurAddress } from './OurAddress';
import { PeerForm } from './PeerForm';
import { PeerTable } from './PeerTable';
import { PeerTestBox } from './PeerTestBox';
import { useDeletePeer, usePeers } from './queries';

/** The systems that may talk to this archive, who was refused, and what to enter at a scanner. */
export default function PeersPage() {
  const peers = usePeers();
  const { data: server } = useServer();
  const remove = useDeletePeer();
  const navigate = useNavigate();
  const [edited, setEdited] = useState<Peer | 'new'>();
  const [tested, setTested] = useState<Peer>();
  const [search, setSearch] = useSearchParams();
  const asked = search.get('test');

  useEffect(() => {
    // A link from elsewhere asks for a test of the peer of that name.
    const peer = asked ? peers.data?.find((one) => one.name === asked) : undefined;
    if (!peer) return;
    setTested(peer);
    setSearch({}, { replace: true });
  }, [asked, peers.data, setSearch]);

  useCommands({
    'page.new': () => setEdited('new'),
    'page.refresh': () => void peers.refetch(),
  });

  const add = (
    <Button
      leftSection={<IconPlus size={17} />}
      onClick={() => commands.run('page.new')}
      data-testid="add-peer"
    >
      Add a peer
    </Button>
  );
  return (
    <Page
      title="Peers"
      about="The scanners, workstations and archives that may talk to this one by DICOM. A change holds at once."
      actions={peers.data?.length === 0 ? undefined : add}
      testId="peers-page"
    >
      <CallersBox />
      {peers.isPending ? <Waiting /> : null}
      {peers.error && !peers.data ? (
        <Failure
          title="The peers could not be read"
          error={peers.error}
          onRetry={() => void peers.refetch()}
        />
      ) : null}
      {peers.data?.length === 0 ? (
        <Notice
          icon={<IconServer2 size={28} />}
          title="No peers yet"
          testId="no-peers"
          color="signal"
          actions={add}
        >
          A peer is another DICOM system: a scanner that sends images here, a workstation that opens
          them, an archive to send them to. It is known by its AE title and its address. Calls of
          systems that are not among the peers are refused and then shown here, to be trusted with
          one click.
        </Notice>
      ) : null}
      {peers.data && peers.data.length > 0 ? (
        <PeerTable
          peers={peers.data}
          onEdit={setEdited}
          onTest={setTested}
          onDelete={(peer) => remove.mutate(peer)}
          onShowConnections={(peer) =>
            void navigate(`/network/connections?peer=${encodeURIComponent(peer.name)}`)
          }
          onSearch={(peer) =>
            void navigate(`/network/remote?peer=${encodeURIComponent(peer.name)}`)
          }
        />
      ) : null}
      {server?.unknown_peers === 'accept' ? (
        <Callout
          tone="quiet"
          title="Callers from this machine are let in without being peers"
          testId="accepts-unknown"
        >
          The setting dimse.unknown_peers is “accept”. Callers from other machines have to be among
          the peers all the same.
        </Callout>
      ) : null}
      <OurAddress />
      <PeerForm
        edited={edited}
        peers={peers.data ?? []}
        onClose={() => setEdited(undefined)}
        onTest={(peer) => {
          setEdited(undefined);
          setTested(peer);
        }}
      />
      <PeerTestBox peer={tested} onClose={() => setTested(undefined)} onEdit={setEdited} />
    </Page>
  );
}
