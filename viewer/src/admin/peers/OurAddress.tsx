import { Text } from '@mantine/core';
import { CopyIcon } from '../../ui/CopyText';
import { Panel } from '../../ui/Page';
import { useServer } from '../server';
import classes from './Peers.module.css';

/** What a person enters at a scanner or another archive to reach this one. */
export function OurAddress({ title = 'What to enter at the scanner' }: { title?: string }) {
  const { data: server } = useServer();
  if (!server) return null;
  const facts = [
    ['AE title', server.ae_title],
    ['Host', server.dicom_host],
    ['Port', String(server.dicom_port)],
    ...(server.dicom_tls_port ? [['Port with TLS', String(server.dicom_tls_port)] as const] : []),
  ] as const;
  return (
    <Panel title={title} testId="our-address">
      <dl className={classes.ours}>
        {facts.map(([name, value]) => (
          <div key={name} className={classes.our}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
              <CopyIcon
                value={value}
                label={`Copy the ${name.replace(/^[HP]/, (letter) => letter.toLowerCase())}`}
              />
            </dd>
          </div>
        ))}
      </dl>
      <Text size="sm" c="var(--quiet)">
        Other systems call it “destination”, “storage node”, “remote AE” or “PACS”. The same three
        values serve for storing, the worklist and procedure steps.
        {server.dicom_tls_port
          ? ' Where TLS is on at the other system, it takes the port with TLS instead.'
          : ''}
        {isLocal(server.dicom_host)
          ? ' Until there are accounts, this server listens on this computer only: other machines reach it through a tunnel that you set up.'
          : ''}
      </Text>
    </Panel>
  );
}

const isLocal = (host: string): boolean => ['127.0.0.1', 'localhost', '::1'].includes(host);
