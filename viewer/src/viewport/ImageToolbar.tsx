import { Group, Text, Tooltip } from '@mantine/core';
import {
  IconArrowAutofitContent,
  IconArrowsMove,
  IconArrowsVertical,
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
import type { CommandName } from '../commands';
import type { WindowChoices } from '../dicom/windows';
import { CommandButton } from '../ui/CommandButton';
import { ColourMapMenu } from './ColourMapMenu';
import type { DisplayState, DragTool } from './displayState';
import classes from './ImageView.module.css';
import type { StackDisplay } from './StackDisplay';
import { WindowMenu } from './WindowMenu';

interface ImageToolbarProps {
  state: DisplayState;
  display: StackDisplay;
  windows: WindowChoices;
  hasTexts: boolean;
  /** The choice of rows and columns. */
  layout: React.ReactNode;
  children?: React.ReactNode;
}

const TOOLS: [DragTool, CommandName, React.ReactNode][] = [
  ['window', 'tool.window', <IconContrast key="window" size={20} />],
  ['scroll', 'tool.scroll', <IconArrowsVertical key="scroll" size={20} />],
  ['zoom', 'tool.zoom', <IconZoomIn key="zoom" size={20} />],
  ['pan', 'tool.pan', <IconArrowsMove key="pan" size={20} />],
];

export function ImageToolbar(props: ImageToolbarProps) {
  const { state, display, windows, hasTexts, layout, children } = props;
  const hasImage = state.shownIndex !== undefined;
  return (
    <div className={classes.toolbar} role="toolbar" aria-label="Image" data-testid="toolbar">
      {layout}
      <span className={classes.divider} />
      <Group gap={2} wrap="nowrap">
        {TOOLS.map(([tool, command, icon]) => (
          <CommandButton key={tool} command={command} icon={icon} isOn={state.tool === tool} />
        ))}
      </Group>
      <span className={classes.divider} />
      <WindowMenu display={display} windows={windows} disabled={!hasImage || state.isColour} />
      <CommandButton
        command="view.invert"
        icon={<IconContrast2 size={20} />}
        disabled={!hasImage}
      />
      <ColourMapMenu
        chosen={state.colourMap}
        disabled={!hasImage || state.isColour}
        onChoose={display.setColourMap}
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
