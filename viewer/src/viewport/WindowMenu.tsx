import { Button, Kbd, Menu, Text } from '@mantine/core';
import { IconAdjustmentsHorizontal, IconChevronDown } from '@tabler/icons-react';
import { COMMANDS, type CommandName, commands, keyLabel } from '../commands';
import { formatNumber } from '../dicom/format';
import type { NamedWindow, WindowChoices } from '../dicom/windows';
import classes from './ImageView.module.css';
import type { StackDisplay } from './StackDisplay';

interface WindowMenuProps {
  display: StackDisplay;
  windows: WindowChoices;
  disabled: boolean;
}

/** The windows of the image first, then the presets of its modality, each with its key. */
export function WindowMenu({ display, windows, disabled }: WindowMenuProps) {
  const { ofImage, presets, onKeys } = windows;
  const keyOf = (window: NamedWindow) => {
    const place = onKeys.indexOf(window);
    return place >= 0 && place < 9 ? String(place + 1) : undefined;
  };
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          px={8}
          h={36}
          disabled={disabled}
          leftSection={<IconAdjustmentsHorizontal size={18} />}
          rightSection={<IconChevronDown size={14} />}
          className={classes.windowButton}
          data-testid="window-menu"
        >
          Window
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.windows}>
        <Menu.Label>Of this image</Menu.Label>
        <CommandItem command="window.of-file" testId="window-of-file" />
        {ofImage.map((window, index) => (
          <Menu.Item
            // biome-ignore lint/suspicious/noArrayIndexKey: a file may list a window twice
            key={index}
            onClick={() => display.setWindow(window)}
            rightSection={<Hint text={numbersOf(window)} shortcut={keyOf(window)} />}
            data-testid="window-of-image"
          >
            {window.name}
          </Menu.Item>
        ))}
        {presets.length > 0 ? <Menu.Label>Presets</Menu.Label> : null}
        {presets.map((window, index) => (
          <Menu.Item
            key={window.name}
            onClick={() => commands.run(`window.preset-${index + 1}` as CommandName)}
            rightSection={<Hint text={numbersOf(window)} shortcut={keyOf(window)} />}
            data-testid={`preset-${index + 1}`}
          >
            {window.name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <CommandItem command="view.invert" testId="menu-invert" />
        <CommandItem command="view.reset" testId="menu-reset" />
      </Menu.Dropdown>
    </Menu>
  );
}

function CommandItem({ command, testId }: { command: CommandName; testId: string }) {
  const { title, keys } = COMMANDS[command];
  return (
    <Menu.Item
      onClick={() => commands.run(command)}
      rightSection={<Hint text="" shortcut={keys?.[0] && keyLabel(keys[0])} />}
      data-testid={testId}
    >
      {title}
    </Menu.Item>
  );
}

const numbersOf = ({ width, center }: NamedWindow): string =>
  `W ${formatNumber(width, 1)}  L ${formatNumber(center, 1)}`;

function Hint({ text, shortcut }: { text: string; shortcut: string | undefined }) {
  return (
    <span className={classes.hint}>
      <Text component="span" size="xs" c="var(--quiet)">
        {text}
      </Text>
      <span className={classes.hintKey}>{shortcut ? <Kbd size="xs">{shortcut}</Kbd> : null}</span>
    </span>
  );
}
