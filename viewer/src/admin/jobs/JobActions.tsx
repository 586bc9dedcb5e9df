import { ActionIcon, Button, Tooltip } from '@mantine/core';
import {
  IconPlayerPause,
  IconPlayerPlay,
  type IconProps,
  IconRefresh,
  IconX,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { Job, JobAction } from '../../api/jobs';
import { ACTION_TITLES, actionsOf } from './words';

const ICONS: Record<JobAction, ComponentType<IconProps>> = {
  pause: IconPlayerPause,
  resume: IconPlayerPlay,
  cancel: IconX,
  retry: IconRefresh,
};

interface JobActionsProps {
  job: Job;
  onAct: (job: Job, action: JobAction) => void;
  /** With words instead of signs alone. */
  isLarge?: boolean;
}

export function JobActions({ job, onAct, isLarge = false }: JobActionsProps) {
  return actionsOf(job.state).map((action) => {
    const Icon = ICONS[action];
    const title = job.state === 'waiting' && action === 'retry' ? 'Try now' : ACTION_TITLES[action];
    if (isLarge) {
      return (
        <Button
          key={action}
          variant={action === 'cancel' ? 'default' : 'light'}
          leftSection={<Icon size={16} />}
          onClick={() => onAct(job, action)}
          data-testid={`job-${action}`}
        >
          {title}
        </Button>
      );
    }
    return (
      <Tooltip key={action} label={title}>
        <ActionIcon
          variant="default"
          aria-label={`${title}: ${job.title}`}
          onClick={() => onAct(job, action)}
          data-testid={`job-${action}`}
        >
          <Icon size={16} />
        </ActionIcon>
      </Tooltip>
    );
  });
}
