import {
  ActionIcon,
  Group,
  Menu,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import {
  IconDotsVertical,
  IconInfoCircle,
  IconKeyboard,
  IconMoon,
  IconSun,
  IconTrash,
  IconWifiOff,
} from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link, Outlet } from 'react-router';
import type { FeedState } from '../../api/events';
import { commands } from '../../commands';
import { BrandMark } from '../../ui/Brand';
import { Toasts } from '../../ui/Toasts';
import { useCommands } from '../../ui/useCommands';
import { useFeed } from '../feed';
import { useServer } from '../queries';
import { UploadPanel } from '../upload/UploadPanel';
import { AboutBox } from './AboutBox';
import { HotkeyList } from './HotkeyList';
import { Navigation, NavigationDrawer } from './Navigation';
import { studiesPath } from './places';
import classes from './Shell.module.css';

/** What is around every screen: brand, state of the connection, help, and uploads. */
export function Shell() {
  const feed = useFeed();
  const [box, setBox] = useState<'hotkeys' | 'about' | undefined>();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('dark');
  const { data: server } = useServer();

  useCommands({
    'app.show-hotkeys': () => setBox('hotkeys'),
    'app.about': () => setBox('about'),
    'app.toggle-colour-scheme': () => setColorScheme(scheme === 'dark' ? 'light' : 'dark'),
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => commands.runKey(event);
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  return (
    <div className={classes.shell}>
      <a href="#main" className={classes.skip}>
        Go to the content
      </a>
      <header className={classes.header}>
        <NavigationDrawer />
        <Link to={studiesPath()} className={classes.brand} aria-label="Hounsfield: study list">
          <BrandMark size={26} />
          <span>Hounsfield</span>
        </Link>
        <Navigation />
        {server?.is_demo ? <span className={classes.demo}>Demo</span> : null}
        <Group gap={4} ml="auto" wrap="nowrap">
          <Connection state={feed} />
          <Tooltip label={scheme === 'dark' ? 'Light colours' : 'Dark colours'}>
            <ActionIcon
              size="lg"
              onClick={() => commands.run('app.toggle-colour-scheme')}
              aria-label={scheme === 'dark' ? 'Light colours' : 'Dark colours'}
              data-testid="colour-scheme"
            >
              {scheme === 'dark' ? <IconSun size={19} /> : <IconMoon size={19} />}
            </ActionIcon>
          </Tooltip>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon size="lg" aria-label="More" data-testid="app-menu">
                <IconDotsVertical size={19} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                leftSection={<IconTrash size={16} />}
                onClick={() => commands.run('app.go-trash')}
                data-testid="go-trash"
              >
                Trash
              </Menu.Item>
              <Menu.Item
                leftSection={<IconKeyboard size={16} />}
                onClick={() => commands.run('app.show-hotkeys')}
              >
                Keys
              </Menu.Item>
              <Menu.Item
                leftSection={<IconInfoCircle size={16} />}
                onClick={() => commands.run('app.about')}
              >
                About Hounsfield
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </header>
      <main id="main" className={classes.main}>
        <Outlet />
      </main>
      <UploadPanel />
      <Toasts />
      <HotkeyList opened={box === 'hotkeys'} onClose={() => setBox(undefined)} />
      <AboutBox opened={box === 'about'} onClose={() => setBox(undefined)} />
    </div>
  );
}

function Connection({ state }: { state: FeedState }) {
  if (state === 'offline') {
    return (
      <Tooltip label="The archive does not answer. What you see may be out of date; the connection is tried again by itself.">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its explanation must be reachable by key */}
        <span className={classes.offline} role="status" tabIndex={0} data-testid="feed-offline">
          <IconWifiOff size={15} />
          Offline
        </span>
      </Tooltip>
    );
  }
  return (
    <Tooltip label="Changes in the archive appear here at once">
      <Text component="span" className={classes.live} data-state={state} data-testid="feed-online">
        {state === 'online' ? 'Live' : 'Connecting'}
      </Text>
    </Tooltip>
  );
}
