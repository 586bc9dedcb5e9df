import { Page } from '../../ui/Page';

export default function ConnectionsPage() {
  return (
    <Page title="Connections" about="Every DICOM association, in and out.">
      {null}
    </Page>
  );
}
