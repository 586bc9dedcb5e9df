import { Group, Kbd, Modal, Text } from '@mantine/core';
import { COMMAND_NAMES, COMMANDS, keyLabel } from '../../commands';
import classes from './Shell.module.css';

/** All keys by group, made from the table of commands. */
export function HotkeyList({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const groups = [...new Set(COMMAND_NAMES.map((name) => COMMANDS[name].group))];
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" size="xl">
      <div className={classes.keys} data-testid="hotkey-list">
        {groups.map((group) => (
          <section key={group}>
            <Text component="h3" size="xs" fw={700} c="var(--quiet)" mb={4}>
              {group}
            </Text>
            {COMMAND_NAMES.filter((name) => COMMANDS[name].group === group).map((name) => {
              const { title, keys } = COMMANDS[name];
              if (!keys) return null;
              return (
                <div key={name} className={classes.keyRow}>
                  <span>{title}</span>
                  <Group gap={4} wrap="nowrap">
                    {keys.map((key) => (
                      <Kbd key={key} size="xs">
                        {keyLabel(key)}
                      </Kbd>
                    ))}
                  </Group>
                </div>
              );
            })}
          </section>
        ))}
      </div>
      <Text size="xs" c="var(--quiet)" mt="md">
        In an image: wheel scrolls, with Ctrl it zooms; the first button and one finger use the
        chosen tool, the middle button moves, the right button and two fingers zoom.
      </Text>
    </Modal>
  );
}
