import { ActionIcon, Group, Kbd, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { COMMANDS, type CommandName, commands, keyLabel } from '../commands';
import { useIsAvailable } from './useCommands';

interface CommandButtonProps {
  command: CommandName;
  icon: ReactNode;
  /** For a button that shows a state: whether it is on. */
  isOn?: boolean;
  disabled?: boolean;
}

/** A button that runs a command, named and keyed by the table of commands. */
export function CommandButton({ command, icon, isOn, disabled = false }: CommandButtonProps) {
  const isAvailable = useIsAvailable(command);
  const { title, keys } = COMMANDS[command];
  return (
    <Tooltip
      label={
        <Group gap={8} wrap="nowrap">
          {title}
          {keys?.[0] ? <Kbd size="xs">{keyLabel(keys[0])}</Kbd> : null}
        </Group>
      }
    >
      <ActionIcon
        size={36}
        variant={isOn ? 'light' : 'subtle'}
        color={isOn ? 'signal' : 'gray'}
        aria-label={title}
        aria-pressed={isOn}
        disabled={disabled || !isAvailable}
        onClick={() => commands.run(command)}
        data-command={command}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
