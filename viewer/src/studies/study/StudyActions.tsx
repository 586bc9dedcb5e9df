import { Button, Menu } from '@mantine/core';
import {
  IconDownload,
  IconFileDownload,
  IconFolderDown,
  IconListDetails,
  IconSend,
  IconTrash,
} from '@tabler/icons-react';
import { COMMANDS, type CommandName, commands } from '../../commands';
import { CommandButton } from '../../ui/CommandButton';
import { useIsAvailable } from '../../ui/useCommands';

/** What can be done with the study and the series of the active cell. */
export function StudyActions() {
  return (
    <>
      <CommandButton command="study.toggle-attributes" icon={<IconListDetails size={20} />} />
      <CommandButton command="study.send" icon={<IconSend size={19} />} />
      <CommandButton command="study.delete" icon={<IconTrash size={19} />} />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            px={8}
            h={36}
            leftSection={<IconDownload size={18} />}
            data-testid="download-menu"
          >
            Download
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <DownloadItem command="study.download" icon={<IconFolderDown size={16} />} />
          <DownloadItem command="study.download-series" icon={<IconFolderDown size={16} />} />
          <DownloadItem command="study.download-instance" icon={<IconFileDownload size={16} />} />
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

interface DownloadItemProps {
  command: CommandName;
  icon: React.ReactNode;
}

function DownloadItem({ command, icon }: DownloadItemProps) {
  const isAvailable = useIsAvailable(command);
  return (
    <Menu.Item
      leftSection={icon}
      disabled={!isAvailable}
      onClick={() => commands.run(command)}
      data-command={command}
    >
      {COMMANDS[command].title}
    </Menu.Item>
  );
}
