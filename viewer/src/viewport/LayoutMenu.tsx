import { ActionIcon, Group, Popover, Text, Tooltip } from '@mantine/core';
import { IconArrowsMaximize, IconLayoutGrid } from '@tabler/icons-react';
import { useState } from 'react';
import { CommandButton } from '../ui/CommandButton';
import classes from './ImageView.module.css';

export interface LayoutMenuProps {
  rows: number;
  columns: number;
  /** The active cell covers all others. */
  isEnlarged: boolean;
  /** The most that there is room for. */
  maxRows: number;
  maxColumns: number;
  onLayout: (rows: number, columns: number) => void;
}

type Size = readonly [rows: number, columns: number];

const USUAL: readonly Size[] = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [2, 3],
  [3, 3],
];

/** Chooses rows and columns: the usual ones at once, any other by its last cell. */
export function LayoutMenu(props: LayoutMenuProps) {
  const { rows, columns, isEnlarged, maxRows, maxColumns, onLayout } = props;
  const [isOpen, setOpen] = useState(false);
  const choose = ([chosenRows, chosenColumns]: Size) => {
    setOpen(false);
    onLayout(chosenRows, chosenColumns);
  };
  const usual = USUAL.filter(([high, wide]) => high <= maxRows && wide <= maxColumns);
  const hasMany = rows * columns > 1;
  return (
    <Group gap={2} wrap="nowrap">
      <Popover opened={isOpen} onChange={setOpen} position="bottom-start" trapFocus withinPortal>
        <Popover.Target>
          <Tooltip label="Layout" disabled={isOpen}>
            <ActionIcon
              size={36}
              variant={hasMany ? 'light' : 'subtle'}
              color={hasMany ? 'signal' : 'gray'}
              aria-label={`Layout, now ${nameOf([rows, columns])}`}
              onClick={() => setOpen(!isOpen)}
              data-testid="layout-menu"
            >
              <IconLayoutGrid size={20} />
            </ActionIcon>
          </Tooltip>
        </Popover.Target>
        <Popover.Dropdown p="sm" data-testid="layout-choice">
          <div
            className={classes.usual}
            style={{ gridTemplateColumns: `repeat(${Math.min(3, usual.length)}, 1fr)` }}
          >
            {usual.map((size) => (
              <button
                key={nameOf(size)}
                type="button"
                className={classes.usualSize}
                aria-pressed={size[0] === rows && size[1] === columns}
                onClick={() => choose(size)}
                data-testid={`layout-${size[0]}x${size[1]}`}
              >
                <Miniature size={size} />
                {nameOf(size)}
              </button>
            ))}
          </div>
          {maxColumns > 1 ? <AnySize {...props} onChoose={choose} /> : null}
        </Popover.Dropdown>
      </Popover>
      {hasMany ? (
        <CommandButton
          command="layout.enlarge"
          icon={<IconArrowsMaximize size={19} />}
          isOn={isEnlarged}
        />
      ) : null}
    </Group>
  );
}

function AnySize(props: LayoutMenuProps & { onChoose: (size: Size) => void }) {
  const { rows, columns, maxRows, maxColumns, onChoose } = props;
  const [aimed, setAimed] = useState<Size>();
  const [high, wide] = aimed ?? [rows, columns];
  return (
    <>
      <Text size="xs" c="var(--quiet)" mt="sm" mb={6} ta="center" data-testid="layout-aimed">
        {nameOf([high, wide])}
      </Text>
      <div
        className={classes.anySize}
        style={{ gridTemplateColumns: `repeat(${maxColumns}, 30px)` }}
        onPointerLeave={() => setAimed(undefined)}
      >
        {sizesUpTo(maxRows, maxColumns).map((size) => (
          <button
            key={nameOf(size)}
            type="button"
            className={classes.anyCell}
            data-on={size[0] <= high && size[1] <= wide ? 'true' : undefined}
            aria-label={nameOf(size)}
            onPointerEnter={() => setAimed(size)}
            onFocus={() => setAimed(size)}
            onClick={() => onChoose(size)}
            data-testid={`any-${size[0]}x${size[1]}`}
          />
        ))}
      </div>
    </>
  );
}

function Miniature({ size: [rows, columns] }: { size: Size }) {
  return (
    <span
      className={classes.miniature}
      style={{ gridTemplate: `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)` }}
      aria-hidden="true"
    >
      {sizesUpTo(rows, columns).map((one) => (
        <span key={nameOf(one)} />
      ))}
    </span>
  );
}

const nameOf = ([rows, columns]: Size): string => `${rows} × ${columns}`;

const sizesUpTo = (rows: number, columns: number): Size[] =>
  Array.from({ length: rows * columns }, (_, place) => [
    Math.floor(place / columns) + 1,
    (place % columns) + 1,
  ]);
