import { Page } from '../../ui/Page';

export default function RoutingPage() {
  return (
    <Page title="Routing" about="Rules that send studies on to other peers.">
      {null}
    </Page>
  );
}
