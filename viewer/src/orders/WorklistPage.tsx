import { Page } from '../ui/Page';

export default function WorklistPage() {
  return (
    <Page title="Worklist" about="Scheduled procedure steps, as the scanners ask for them.">
      {null}
    </Page>
  );
}
