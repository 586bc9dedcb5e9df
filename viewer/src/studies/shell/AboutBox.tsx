import { Group, Modal, Text } from '@mantine/core';
import { BrandMark } from '../../ui/Brand';
import { useServer } from '../queries';
import classes from './Shell.module.css';

declare const __VIEWER_VERSION__: string;

export function AboutBox({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { data: server } = useServer();
  return (
    <Modal opened={opened} onClose={onClose} title="About">
      <div data-testid="about">
        <Group gap="sm" mb="md">
          <BrandMark size={40} />
          <div>
            <Text fw={650} size="lg">
              Hounsfield
            </Text>
            <Text size="sm" c="var(--quiet)">
              An archive and viewer of medical images
            </Text>
          </div>
        </Group>
        <dl className={classes.facts}>
          <dt>Server</dt>
          <dd data-testid="about-version">{server?.version ?? 'does not answer'}</dd>
          <dt>Viewer</dt>
          <dd>{__VIEWER_VERSION__}</dd>
          {server ? (
            <>
              <dt>AE title</dt>
              <dd>
                {server.ae_title} at {server.dicom_host}, port {server.dicom_port}
              </dd>
              <dt>DICOMweb</dt>
              <dd>{server.dicomweb_url}</dd>
            </>
          ) : null}
          <dt>Licence</dt>
          <dd>Apache-2.0</dd>
        </dl>
        <Text size="sm" mt="md">
          Not for diagnostic use: this software is not a medical device.
        </Text>
      </div>
    </Modal>
  );
}
