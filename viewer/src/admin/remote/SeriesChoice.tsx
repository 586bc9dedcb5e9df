import { Badge, Button, Checkbox, Group, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import type { RemoteMatch } from '../../api/remote';
import { counted } from '../../ui/bytes';
import { Failure } from '../../ui/Notice';
import { StateBadge } from '../../ui/StateBadge';
import { Waiting } from '../../ui/Waiting';
import { countOf, presenceOf, pullOf, textOf } from './matches';
import { usePull, useRemoteSeries } from './queries';
import classes from './Remote.module.css';
import { Warnings } from './Warnings';

const uidOf = (series: RemoteMatch): string => textOf(series, 'SeriesInstanceUID');

/** The series of a study at a peer, to fetch some of them alone. */
export function SeriesChoice({ peer, study }: { peer: string; study: RemoteMatch }) {
  const studyInstanceUid = textOf(study, 'StudyInstanceUID');
  const patientId = textOf(study, 'PatientID');
  const { data, error, isPending, refetch } = useRemoteSeries(peer, studyInstanceUid, patientId);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pull = usePull(peer);
  if (isPending) return <Waiting rows={3} height={28} />;
  if (error) {
    return (
      <Failure title="Its series could not be read" error={error} onRetry={() => void refetch()} />
    );
  }
  const series = [...data.matches].sort(
    (one, other) => (countOf(one, 'SeriesNumber') ?? 0) - (countOf(other, 'SeriesNumber') ?? 0),
  );
  const toggle = (uid: string, isPicked: boolean) => {
    const next = new Set(picked);
    if (isPicked) next.add(uid);
    else next.delete(uid);
    setPicked(next);
  };
  return (
    <div className={classes.series} data-testid="remote-series">
      <Warnings peer={peer} warnings={data.warnings} />
      {series.length === 0 ? <Text size="sm">{peer} names no series of this study.</Text> : null}
      <ul className={classes.seriesList}>
        {series.map((one) => {
          const uid = uidOf(one);
          return (
            <li key={uid} className={classes.seriesLine}>
              <Checkbox
                checked={picked.has(uid)}
                onChange={(event) => toggle(uid, event.currentTarget.checked)}
                label={<SeriesWords of={one} />}
                data-testid="pick-series"
              />
              <SeriesHere of={one} />
            </li>
          );
        })}
      </ul>
      <Group gap="xs">
        <Button
          size="xs"
          leftSection={<IconDownload size={15} />}
          disabled={picked.size === 0}
          loading={pull.isPending}
          onClick={() =>
            pull.mutate([{ ...pullOf(study), SeriesInstanceUIDs: [...picked] }], {
              onSuccess: () => setPicked(new Set()),
            })
          }
          data-testid="pull-series"
        >
          {picked.size === 0
            ? 'Pull the picked series'
            : `Pull ${counted(picked.size, 'series', 'series')}`}
        </Button>
      </Group>
    </div>
  );
}

function SeriesWords({ of }: { of: RemoteMatch }) {
  const count = countOf(of, 'NumberOfSeriesRelatedInstances');
  return (
    <span className={classes.seriesWords}>
      <Badge size="sm" radius="sm" variant="light" tt="none">
        {textOf(of, 'Modality') || '?'}
      </Badge>
      <span>
        {[textOf(of, 'SeriesNumber'), textOf(of, 'SeriesDescription') || 'no description']
          .filter(Boolean)
          .join(' · ')}
      </span>
      {count === undefined ? null : (
        <span className={classes.second}>{counted(count, 'image')}</span>
      )}
    </span>
  );
}

function SeriesHere({ of }: { of: RemoteMatch }) {
  const { tone, text } = presenceOf(of, countOf(of, 'NumberOfSeriesRelatedInstances'));
  return <StateBadge tone={tone}>{text}</StateBadge>;
}
