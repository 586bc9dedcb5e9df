import { Page } from '../../ui/Page';

export default function RemotePage() {
  return (
    <Page title="Remote archives" about="Search other archives and fetch studies from them.">
      {null}
    </Page>
  );
}
