import { Page } from '../../ui/Page';

export default function PeersPage() {
  return (
    <Page title="Peers" about="The systems that may talk to this archive.">
      {null}
    </Page>
  );
}
