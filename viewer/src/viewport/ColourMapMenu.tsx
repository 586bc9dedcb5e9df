import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { IconCheck, IconPalette } from '@tabler/icons-react';
import { COLOUR_MAPS, type ColourMapName, cssGradient } from './colourMaps';
import classes from './ImageView.module.css';

interface ColourMapMenuProps {
  chosen: ColourMapName;
  disabled: boolean;
  onChoose: (name: ColourMapName) => void;
}

/** The colours in which a grey image is shown. */
export function ColourMapMenu({ chosen, disabled, onChoose }: ColourMapMenuProps) {
  const isColoured = chosen !== 'grey';
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Tooltip label="Colours">
          <ActionIcon
            size={36}
            variant={isColoured ? 'light' : 'subtle'}
            color={isColoured ? 'signal' : 'gray'}
            disabled={disabled}
            aria-label="Colours"
            data-testid="colour-menu"
          >
            <IconPalette size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Colours</Menu.Label>
        {COLOUR_MAPS.map((map) => (
          <Menu.Item
            key={map.name}
            onClick={() => onChoose(map.name)}
            leftSection={
              <span className={classes.strip} style={{ background: cssGradient(map) }} />
            }
            rightSection={
              <span className={classes.hintKey}>
                {map.name === chosen ? <IconCheck size={16} aria-label="chosen" /> : null}
              </span>
            }
            data-testid={`colour-${map.name}`}
          >
            {map.title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
