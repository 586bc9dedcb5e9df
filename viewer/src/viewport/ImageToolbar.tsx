import { Button, Group, Menu, Text, Tooltip } from '@mantine/core';
import {
  IconAdjustmentsHorizontal,
  IconArrowAutofitContent,
  IconArrowsMove,
  IconArrowsVertical,
  IconChevronDown,
  IconContrast,
  IconContrast2,
  IconFlipHorizontal,
  IconFlipVertical,
  IconMaximize,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconRotateClockwise2,
  IconTextCaption,
  IconZoomIn,
} from '@tabler/icons-react';
import { type CommandName, commands } from '../commands';
import { formatNumber } from '../dicom/format';
import type { NamedWindow } from '../dicom/windows';
import { CommandButton } from '../ui/CommandButton';
import type { DisplayState, DragTool } from './displayState';
import classes from './ImageView.module.css';
import type { StackDisplay } from './StackDisplay';

interface ImageToolbarProps {
  state: DisplayState;
  display: StackDisplay;
  presets: readonly NamedWindow[];
  fileWindows: readonly NamedWindow[];
  hasTexts: boolean;
  children?: React.ReactNode;
}

const TOOLS: [DragTool, CommandName, React.ReactNode][] = [
  ['window', 'tool.window', <IconContrast key="window" size={20} />],
  ['scroll', 'tool.scroll', <IconArrowsVertical key="scroll" size={20} />],
  ['zoom', 'tool.zoom', <IconZoomIn key="zoom" size={20} />],
  ['pan', 'tool.pan', <IconArrowsMove key="pan" size={20} />],
];

export function ImageToolbar(props: ImageToolbarProps) {
  const { state, display, presets, fileWindows, hasTexts, children } = props;
  const hasImage = state.shownIndex !== undefined;
  return (
    <div className={classes.toolbar} role="toolbar" aria-label="Image" data-testid="toolbar">
      <Group gap={2} wrap="nowrap">
        {TOOLS.map(([tool, command, icon]) => (
          <CommandButton key={tool} command={command} icon={icon} isOn={state.tool === tool} />
        ))}
      </Group>
      <span className={classes.divider} />
      <WindowMenu
        display={display}
        presets={presets}
        fileWindows={fileWindows}
        disabled={!hasImage || state.isColour}
      />
      <CommandButton
        command="view.invert"
        icon={<IconContrast2 size={20} />}
        disabled={!hasImage}
      />
      <span className={classes.divider} />
      <Group gap={2} wrap="nowrap">
        <CommandButton
          command="view.fit"
          icon={<IconArrowAutofitContent size={20} />}
          disabled={!hasImage}
        />
        <CommandButton
          command="view.actual-size"
          icon={<span className={classes.oneToOne}>1:1</span>}
          disabled={!hasImage}
        />
        <CommandButton
          command="view.rotate-right"
          icon={<IconRotateClockwise2 size={20} />}
          disabled={!hasImage}
        />
        <CommandButton
          command="view.flip-horizontal"
          icon={<IconFlipVertical size={20} />}
          isOn={state.isFlippedHorizontally}
          disabled={!hasImage}
        />
        <CommandButton
          command="view.flip-vertical"
          icon={<IconFlipHorizontal size={20} />}
          isOn={state.isFlippedVertically}
          disabled={!hasImage}
        />
        <CommandButton command="view.reset" icon={<IconRefresh size={20} />} disabled={!hasImage} />
      </Group>
      <span className={classes.divider} />
      <Cine state={state} display={display} />
      <span className={classes.divider} />
      <Group gap={2} wrap="nowrap">
        <CommandButton
          command="view.toggle-texts"
          icon={<IconTextCaption size={20} />}
          isOn={hasTexts}
        />
        <CommandButton command="view.full-screen" icon={<IconMaximize size={20} />} />
        {children}
      </Group>
    </div>
  );
}

interface WindowMenuProps {
  display: StackDisplay;
  presets: readonly NamedWindow[];
  fileWindows: readonly NamedWindow[];
  disabled: boolean;
}

function WindowMenu({ display, presets, fileWindows, disabled }: WindowMenuProps) {
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
      <Menu.Dropdown>
        <Menu.Item
          onClick={() => commands.run('window.of-file')}
          rightSection={<Hint text="D" />}
          data-testid="window-of-file"
        >
          As in the file
        </Menu.Item>
        {fileWindows.length > 0 ? <Menu.Label>Of the file</Menu.Label> : null}
        {fileWindows.map((window, index) => (
          <Menu.Item
            // biome-ignore lint/suspicious/noArrayIndexKey: a file may list a window twice
            key={index}
            onClick={() => display.setWindow(window)}
            rightSection={<Hint text={numbersOf(window)} />}
          >
            {window.name}
          </Menu.Item>
        ))}
        {presets.length > 0 ? <Menu.Label>Presets</Menu.Label> : null}
        {presets.map((window, index) => (
          <Menu.Item
            key={window.name}
            onClick={() => commands.run(`window.preset-${index + 1}` as CommandName)}
            rightSection={<Hint text={`${numbersOf(window)}   ${index + 1}`} />}
            data-testid={`preset-${index + 1}`}
          >
            {window.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const numbersOf = ({ width, center }: NamedWindow): string =>
  `W ${formatNumber(width, 1)} L ${formatNumber(center, 1)}`;

function Hint({ text }: { text: string }) {
  return (
    <Text size="xs" c="var(--quiet)" ml="lg" style={{ whiteSpace: 'pre' }}>
      {text}
    </Text>
  );
}

function Cine({ state, display }: { state: DisplayState; display: StackDisplay }) {
  return (
    <Group gap={2} wrap="nowrap">
      <CommandButton
        command="cine.toggle"
        icon={state.isPlaying ? <IconPlayerPause size={20} /> : <IconPlayerPlay size={20} />}
        isOn={state.isPlaying}
        disabled={state.count < 2}
      />
      <Tooltip label="Images a second ( , slower  . faster )">
        <input
          className={classes.speed}
          type="number"
          min={1}
          max={60}
          value={state.framesPerSecond}
          disabled={state.count < 2}
          onChange={(event) => display.setFramesPerSecond(event.target.valueAsNumber || 1)}
          aria-label="Images a second"
          data-testid="cine-speed"
        />
      </Tooltip>
      <Text size="xs" c="var(--quiet)" mr={4}>
        fps
      </Text>
    </Group>
  );
}
