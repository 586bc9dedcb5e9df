import { Page } from '../../ui/Page';

export default function JobsPage() {
  return (
    <Page title="Jobs" about="What the archive sends, fetches and confirms in the background.">
      {null}
    </Page>
  );
}
