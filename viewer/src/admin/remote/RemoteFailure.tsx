import { Button, Group } from '@mantine/core';
import { IconAlertTriangle, IconRefresh, IconStethoscope } from '@tabler/icons-react';
import { Link } from 'react-router';
import { Notice } from '../../ui/Notice';
import { OurAddress } from '../peers/OurAddress';

interface RemoteFailureProps {
  peer: string;
  error: Error;
  onRetry: () => void;
}

/** Why a peer could not be asked, how to find out more, and what it must know of us. */
export function RemoteFailure({ peer, error, onRetry }: RemoteFailureProps) {
  return (
    <>
      <Notice
        icon={<IconAlertTriangle size={28} />}
        title={`${peer} could not be searched`}
        color="orange"
        testId="remote-failure"
        actions={
          <Group gap="xs" justify="center">
            <Button leftSection={<IconRefresh size={16} />} onClick={onRetry} data-testid="retry">
              Try again
            </Button>
            <Button
              component={Link}
              to={`/network/peers?test=${encodeURIComponent(peer)}`}
              variant="light"
              leftSection={<IconStethoscope size={16} />}
            >
              Test this peer
            </Button>
          </Group>
        }
      >
        {error.message}
      </Notice>
      <OurAddress title={`What ${peer} must know of this archive`} />
    </>
  );
}
