import { Badge, Group, Loader, Progress, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconPhotoExclamation, IconVersions } from '@tabler/icons-react';
import type { Study } from '../../api/client';
import { counted, formatCount } from '../../ui/bytes';
import { isIncomplete, missingOf, percentReceived, progressText, whatToDo } from './completeness';
import classes from './StudyList.module.css';

/** The modalities of a study; the series that carry no images stay in the background. */
export function ModalityBadges({ modalities }: { modalities: readonly string[] }) {
  return (
    <Group gap={4} wrap="wrap">
      {modalities.filter(Boolean).map((modality) => (
        <Badge
          key={modality}
          size="sm"
          radius="sm"
          variant={QUIET.has(modality) ? 'default' : 'light'}
          fw={600}
          tt="none"
        >
          {modality}
        </Badge>
      ))}
    </Group>
  );
}

const QUIET = new Set(['SR', 'PR', 'KO', 'DOC', 'SEG', 'REG', 'RTSTRUCT', 'RTPLAN', 'RTDOSE']);

/** Whether the study is still arriving, and how much of it is here where its scanner told the whole. */
export function StudyStatus({ study }: { study: Study }) {
  if (isIncomplete(study)) {
    return (
      <Flag
        icon={<IconPhotoExclamation size={13} />}
        label={`${formatCount(missingOf(study))} missing`}
        color={study.needs_attention ? 'orange' : 'gray'}
        testId="status-incomplete"
        why={whatToDo(study)}
      />
    );
  }
  if (study.status !== 'receiving') return <CompleteBadge />;
  const progress = progressText(study);
  return (
    <div className={classes.status}>
      <ReceivingBadge />
      {progress ? (
        <div className={classes.progress} data-testid="study-progress">
          {progress}
          <Progress size={3} color="yellow" value={percentReceived(study)} aria-label={progress} />
        </div>
      ) : null}
    </div>
  );
}

function ReceivingBadge() {
  return (
    <Badge
      size="sm"
      radius="sm"
      color="yellow"
      variant="light"
      tt="none"
      c="var(--waiting)"
      leftSection={<Loader size={9} color="yellow" />}
      data-testid="status-receiving"
    >
      receiving
    </Badge>
  );
}

function CompleteBadge() {
  return (
    <Badge
      size="sm"
      radius="sm"
      color="teal"
      variant="transparent"
      c="var(--done)"
      fw={500}
      tt="none"
      px={0}
      data-testid="status-complete"
    >
      complete
    </Badge>
  );
}

/** What a person must know before trusting the study, with the reason in words. */
export function StudyFlags({ study }: { study: Study }) {
  if (!study.identity_conflict && study.version_conflicts === 0) return null;
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      {study.identity_conflict ? (
        <Flag
          icon={<IconAlertTriangle size={13} />}
          label="identity"
          color="orange"
          testId="identity-conflict"
          why="Another person in the archive has this patient ID under a different name or birth date, or this study came under two patients. They are kept apart: check which one is right."
        />
      ) : null}
      {study.version_conflicts > 0 ? (
        <Flag
          icon={<IconVersions size={13} />}
          label={`${study.version_conflicts} twice`}
          color="grape"
          testId="version-conflict"
          why={`${counted(study.version_conflicts, 'image')} came again with other content under the same identifier. Both versions are kept; the first one is shown.`}
        />
      ) : null}
    </Group>
  );
}

interface FlagProps {
  icon: React.ReactNode;
  label: string;
  color: string;
  why: string;
  testId: string;
}

function Flag({ icon, label, color, why, testId }: FlagProps) {
  return (
    <Tooltip label={why} multiline w={300} events={{ hover: true, focus: true, touch: true }}>
      <Badge
        size="sm"
        radius="sm"
        variant="light"
        color={color}
        tt="none"
        leftSection={icon}
        tabIndex={0}
        aria-label={`${label}: ${why}`}
        data-testid={testId}
      >
        {label}
      </Badge>
    </Tooltip>
  );
}
