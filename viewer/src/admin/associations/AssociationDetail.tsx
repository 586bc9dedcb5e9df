import { Button, Group, ScrollArea, Table, Title } from '@mantine/core';
import { IconShieldCheck, IconStethoscope } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Association } from '../../api/associations';
import { transferSyntaxName } from '../../dicom/transferSyntaxes';
import { formatBytes, formatCount } from '../../ui/bytes';
import { Facts } from '../../ui/Facts';
import { StateBadge } from '../../ui/StateBadge';
import { formatDuration, formatMoment } from '../../ui/time';
import classes from './Associations.module.css';
import { toneOfStatus } from './words';

/** What was offered, accepted and said in one association. */
export function AssociationDetail({ of }: { of: Association }) {
  const { began_us, ended_us, peer } = of;
  const isUnknownCaller = of.direction === 'in' && peer === null && !of.is_ok;
  return (
    <div className={classes.detail} data-testid="association-detail">
      <div className={classes.facts}>
        <Facts
          facts={[
            ['Calling AE title', of.calling_ae_title],
            ['Called AE title', of.called_ae_title],
            ['Peer', peer ?? 'not among the peers'],
            ['Address', `${of.address}${of.is_tls ? ', by TLS' : ''}`],
          ]}
        />
        <Facts
          facts={[
            ['Began', formatMoment(began_us)],
            [
              'Ended',
              ended_us === null
                ? 'still open'
                : `${formatMoment(ended_us)}, after ${formatDuration(ended_us - began_us)}`,
            ],
            ['Received', formatBytes(of.bytes_received)],
            ['Sent', formatBytes(of.bytes_sent)],
            ['Software', of.implementation],
          ]}
        />
      </div>
      <Messages of={of} />
      <Contexts of={of} />
      {peer || isUnknownCaller ? (
        <Group gap="xs">
          {peer ? (
            <Button
              component={Link}
              to={`/network/peers?test=${encodeURIComponent(peer)}`}
              size="xs"
              variant="light"
              leftSection={<IconStethoscope size={15} />}
            >
              Test this peer
            </Button>
          ) : null}
          {isUnknownCaller ? (
            <Button
              component={Link}
              to="/network/peers"
              size="xs"
              variant="light"
              leftSection={<IconShieldCheck size={15} />}
            >
              Refused callers
            </Button>
          ) : null}
        </Group>
      ) : null}
    </div>
  );
}

function Contexts({ of: { contexts } }: { of: Association }) {
  if (contexts.length === 0) return null;
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        Presentation contexts
      </Title>
      <ScrollArea.Autosize mah={320} className={classes.inner} tabIndex={-1}>
        <Table verticalSpacing={6} className={classes.small} data-testid="contexts">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Offered for</Table.Th>
              <Table.Th>Transfer syntaxes offered</Table.Th>
              <Table.Th>Accepted</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {contexts.map((context, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a SOP class may be offered twice
              <Table.Tr key={index}>
                <Table.Td title={context.abstract_syntax}>{context.name}</Table.Td>
                <Table.Td>
                  {context.offered.map(({ uid, name }) => (
                    <div key={uid} title={uid}>
                      {name || transferSyntaxName(uid)}
                    </div>
                  ))}
                </Table.Td>
                <Table.Td>
                  {context.accepted ? (
                    <StateBadge tone="good">
                      {context.accepted.name || transferSyntaxName(context.accepted.uid)}
                    </StateBadge>
                  ) : (
                    <StateBadge tone="bad">{context.result}</StateBadge>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </section>
  );
}

function Messages({ of: { messages } }: { of: Association }) {
  if (messages.length === 0) return null;
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        Messages
      </Title>
      <div className={classes.inner}>
        <Table verticalSpacing={6} className={classes.small} data-testid="messages">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Operation</Table.Th>
              <Table.Th>Answer</Table.Th>
              <Table.Th ta="right">How often</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {messages.map(({ name, status, meaning, count }) => (
              <Table.Tr key={`${name} ${status}`}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <StateBadge tone={toneOfStatus(status)}>
                    {[status, meaning].filter(Boolean).join(' · ') || 'none'}
                  </StateBadge>
                </Table.Td>
                <Table.Td ta="right">{formatCount(count)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  );
}
