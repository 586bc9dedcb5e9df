import { Anchor, Badge, Button, Checkbox, Group, Progress, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Job } from '../../api/jobs';
import type { RemoteMatch } from '../../api/remote';
import {
  formatDate,
  formatName,
  formatOtherNames,
  formatSex,
  formatTime,
} from '../../dicom/format';
import { DataTable, type TableColumn } from '../../ui/DataTable';
import { percentOf, progressOf } from '../../ui/progress';
import { StateBadge } from '../../ui/StateBadge';
import { countOf, presenceOf, textOf, valuesOf } from './matches';
import { isUnderWay } from './queries';
import classes from './Remote.module.css';
import { SeriesChoice } from './SeriesChoice';

interface RemoteTableProps {
  peer: string;
  studies: readonly RemoteMatch[];
  /** The newest pull of each study. */
  pulls: ReadonlyMap<string, Job>;
  picked: ReadonlySet<string>;
  onPick: (picked: ReadonlySet<string>) => void;
  onPull: (study: RemoteMatch) => void;
  isBusy: boolean;
}

const uidOf = (study: RemoteMatch): string => textOf(study, 'StudyInstanceUID');

/** The studies that a peer answered; each opens to its series. */
export function RemoteTable(props: RemoteTableProps) {
  const { peer, studies, pulls, picked, onPick } = props;
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const columns: TableColumn<RemoteMatch>[] = [
    {
      title: 'Pick',
      head: <PickAll studies={studies} picked={picked} onPick={onPick} />,
      cell: (study) => <Pick study={study} picked={picked} onPick={onPick} />,
      width: '3.2rem',
      card: 'none',
    },
    { title: 'Patient', cell: (study) => <Patient of={study} />, width: '22%', card: 'title' },
    { title: 'Study date', cell: (study) => <When of={study} />, width: '9rem', card: 'plain' },
    {
      title: 'Modality',
      cell: (study) => <Modalities of={study} />,
      width: '7rem',
      card: 'title',
    },
    {
      title: 'Description',
      cell: (study) => textOf(study, 'StudyDescription'),
      card: 'plain',
    },
    {
      title: 'Accession',
      cell: (study) => textOf(study, 'AccessionNumber'),
      width: '10%',
      from: 'wide',
      card: 'none',
    },
    {
      title: 'Here',
      cell: (study) => <Here of={study} pull={pulls.get(uidOf(study))} />,
      width: '14rem',
      card: 'plain',
    },
    {
      title: 'Actions',
      cell: (study) => <PullButton {...props} of={study} />,
      width: '7.5rem',
      align: 'right',
      card: 'plain',
    },
  ];
  const toggle = (study: RemoteMatch) => {
    const next = new Set(opened);
    if (!next.delete(uidOf(study))) next.add(uidOf(study));
    setOpened(next);
  };
  return (
    <DataTable
      label="Studies of the archive"
      rows={studies}
      columns={columns}
      keyOf={uidOf}
      onOpen={toggle}
      opened={opened}
      detail={(study) => <SeriesChoice peer={peer} study={study} />}
      testId="remote-table"
    />
  );
}

type PickProps = Pick<RemoteTableProps, 'picked' | 'onPick'>;

function PickAll({ studies, picked, onPick }: PickProps & { studies: readonly RemoteMatch[] }) {
  return (
    <Checkbox
      size="xs"
      aria-label="Pick all studies"
      checked={picked.size === studies.length}
      indeterminate={picked.size > 0 && picked.size < studies.length}
      onChange={(event) =>
        onPick(event.currentTarget.checked ? new Set(studies.map(uidOf)) : new Set())
      }
    />
  );
}

function Pick({ study, picked, onPick }: PickProps & { study: RemoteMatch }) {
  const uid = uidOf(study);
  return (
    <Checkbox
      size="xs"
      aria-label={`Pick the study of ${formatName(textOf(study, 'PatientName')) || 'no name'}`}
      checked={picked.has(uid)}
      onChange={(event) => {
        const next = new Set(picked);
        if (event.currentTarget.checked) next.add(uid);
        else next.delete(uid);
        onPick(next);
      }}
      data-testid="pick-study"
    />
  );
}

function Patient({ of }: { of: RemoteMatch }) {
  const name = textOf(of, 'PatientName');
  return (
    <div>
      <Text component="span" size="sm" fw={600} c="var(--strong)">
        {formatName(name) || 'No name'}
      </Text>{' '}
      <span className={classes.second}>{formatOtherNames(name)}</span>
      <div className={classes.second}>
        {[
          textOf(of, 'PatientID'),
          formatDate(textOf(of, 'PatientBirthDate')),
          formatSex(textOf(of, 'PatientSex')),
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
    </div>
  );
}

const When = ({ of }: { of: RemoteMatch }) => (
  <span>
    {formatDate(textOf(of, 'StudyDate'))}{' '}
    <span className={classes.second}>{formatTime(textOf(of, 'StudyTime'))}</span>
  </span>
);

const Modalities = ({ of }: { of: RemoteMatch }) => (
  <Group gap={4}>
    {valuesOf(of, 'ModalitiesInStudy').map((modality) => (
      <Badge key={modality} size="sm" radius="sm" variant="light" tt="none">
        {modality}
      </Badge>
    ))}
  </Group>
);

/** How much is here, and how far a pull has got. */
function Here({ of, pull }: { of: RemoteMatch; pull: Job | undefined }) {
  const total = countOf(of, 'NumberOfStudyRelatedInstances');
  if (pull && isUnderWay(pull)) return <PullProgress pull={pull} />;
  const { tone, text, isWhole } = presenceOf(of, total);
  const uid = uidOf(of);
  return (
    <div data-testid="here">
      <StateBadge tone={tone}>{text}</StateBadge>
      {total !== undefined && of.number_here === 0 ? (
        <span className={classes.beside}>{total} there</span>
      ) : null}
      {of.number_here > 0 ? (
        <Anchor component={Link} to={`/studies/${uid}`} size="xs" className={classes.beside}>
          Open
        </Anchor>
      ) : null}
      {pull?.state === 'failed' && !isWhole ? (
        <div className={classes.failed} data-testid="pull-failed">
          {pull.text || 'The pull failed.'}{' '}
          <Anchor component={Link} to="/network/jobs?kind=pull" size="xs">
            Jobs
          </Anchor>
        </div>
      ) : null}
    </div>
  );
}

function PullProgress({ pull }: { pull: Job }) {
  const percent = percentOf(pull);
  const words = pull.state === 'waiting' ? 'waits to try again' : 'being pulled';
  return (
    <div data-testid="pull-progress">
      <Group gap={6} justify="space-between">
        <span className={classes.second}>
          {[words, progressOf(pull)].filter(Boolean).join(' · ')}
        </span>
        <Anchor component={Link} to="/network/jobs?kind=pull" size="xs">
          Jobs
        </Anchor>
      </Group>
      <Progress
        value={percent ?? 100}
        animated={percent === undefined && pull.state === 'running'}
        size="sm"
        mt={3}
        aria-label="How much has been pulled"
      />
      {pull.state === 'waiting' && pull.text ? (
        <div className={classes.second}>{pull.text}</div>
      ) : null}
    </div>
  );
}

function PullButton({ of, pulls, onPull, isBusy }: RemoteTableProps & { of: RemoteMatch }) {
  const { isWhole } = presenceOf(of, countOf(of, 'NumberOfStudyRelatedInstances'));
  return (
    <Button
      size="compact-sm"
      variant={isWhole ? 'subtle' : 'light'}
      color={isWhole ? 'gray' : undefined}
      leftSection={<IconDownload size={15} />}
      disabled={isBusy || isUnderWay(pulls.get(uidOf(of)))}
      onClick={() => onPull(of)}
      data-testid="pull"
    >
      {isWhole ? 'Again' : 'Pull'}
    </Button>
  );
}
