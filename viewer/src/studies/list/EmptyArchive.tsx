import { Anchor, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconFile, IconFolder, IconInbox } from '@tabler/icons-react';
import { Link } from 'react-router';
import { commands } from '../../commands';
import { CommandLine } from '../../ui/CopyText';
import { Notice } from '../../ui/Notice';
import { useServer } from '../queries';
import classes from './StudyList.module.css';

/** The first thing a person sees of a new archive: how images come into it. */
export function EmptyArchive() {
  const { data: server } = useServer();
  return (
    <Stack align="center" gap={0} pb="xl" px="md" data-testid="empty-archive">
      <Notice icon={<IconInbox size={28} />} title="No studies yet" color="signal">
        Send images from a scanner or another archive, or upload them here. They appear in this list
        as they arrive.
      </Notice>
      <div className={classes.steps}>
        <section className={classes.step}>
          <Title order={3} size="h5" mb={8}>
            Send by DICOM
          </Title>
          {server ? (
            <>
              <dl className={classes.address}>
                <dt>AE title</dt>
                <dd>{server.ae_title}</dd>
                <dt>Host</dt>
                <dd>{server.dicom_host}</dd>
                <dt>Port</dt>
                <dd>{server.dicom_port}</dd>
              </dl>
              <Text size="sm" c="var(--quiet)" mb={6}>
                With DCMTK, from a folder of files:
              </Text>
              <CommandLine
                command={`storescu -aec ${server.ae_title} ${server.dicom_host} ${server.dicom_port} +sd +r FOLDER`}
              />
              {server.unknown_peers === 'refuse' ? (
                <Text size="xs" c="var(--quiet)" mt={8}>
                  Only known systems may send. Add the scanner to the{' '}
                  <Anchor component={Link} to="/network/peers" inherit>
                    peers
                  </Anchor>
                  , or let it call once and trust it there.
                </Text>
              ) : null}
            </>
          ) : (
            <Skeleton height={150} />
          )}
        </section>
        <section className={classes.step}>
          <Title order={3} size="h5" mb={8}>
            Upload
          </Title>
          <Text size="sm" c="var(--quiet)" mb={14}>
            Drop files, folders or ZIP archives anywhere on this page. Names and endings do not
            matter: what is DICOM is recognised, and the rest is listed.
          </Text>
          <Group gap="xs">
            <Button
              leftSection={<IconFile size={16} />}
              onClick={() => commands.run('upload.choose-files')}
            >
              Choose files
            </Button>
            <Button
              variant="default"
              leftSection={<IconFolder size={16} />}
              onClick={() => commands.run('upload.choose-folder')}
            >
              Choose a folder
            </Button>
          </Group>
        </section>
      </div>
    </Stack>
  );
}
