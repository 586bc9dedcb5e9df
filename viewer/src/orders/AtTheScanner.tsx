import { Button, Popover, Text } from '@mantine/core';
import { IconDeviceDesktop } from '@tabler/icons-react';
import { CopyIcon } from '../ui/CopyText';
import classes from './Orders.module.css';
import { useServer } from './queries';

/** What to enter at a scanner so that it gets its worklist from here. */
export function ScannerSettings() {
  const { data: server } = useServer();
  if (!server) return null;
  const settings = [
    ['AE title', server.ae_title],
    ['Host', server.dicom_host],
    ['Port', String(server.dicom_port)],
    ...(server.dicom_tls_port ? [['Port with TLS', String(server.dicom_tls_port)] as const] : []),
  ] as const;
  return (
    <div data-testid="scanner-settings">
      <Text size="sm" mb={8}>
        Enter this at the scanner as its worklist (MWL) server, and the same for MPPS, by which it
        reports what it does:
      </Text>
      <dl className={classes.settings}>
        {settings.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
              <CopyIcon value={value} label={`Copy: ${name}`} />
            </dd>
          </div>
        ))}
      </dl>
      <Text size="xs" c="var(--quiet)" mt={8}>
        A scanner asks for the steps of its own AE title. Enter that title as the station of an
        order, and the scanner itself under Network, Peers.
      </Text>
    </div>
  );
}

export function ScannerButton() {
  return (
    <Popover width={340} position="bottom-end" withArrow shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconDeviceDesktop size={17} />}
          data-testid="at-the-scanner"
        >
          At the scanner
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <ScannerSettings />
      </Popover.Dropdown>
    </Popover>
  );
}
