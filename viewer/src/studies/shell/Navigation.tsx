import { ActionIcon, Drawer, Kbd } from '@mantine/core';
import { IconMenu2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link, Outlet, useLocation, useNavigate } from 'react-router';
import { readCallers } from '../../api/peers';
import { COMMANDS, keyLabel } from '../../commands';
import { useCommands } from '../../ui/useCommands';
import classes from './Navigation.module.css';
import {
  isIn,
  NETWORK_PLACES,
  networkPath,
  type Place,
  rememberNetworkPath,
  STUDIES,
  studiesPath,
  TRASH,
  WORKLIST,
} from './places';

const CALLERS_POLL_MS = 4_000;

const isNetwork = (pathname: string) => pathname.startsWith('/network');

/** The places beside the brand; on a phone behind a button. Answers the keys that go to them. */
export function Navigation() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const go = (path: string) => () => void navigate(path);
  useCommands({
    'app.go-studies': () => void navigate(studiesPath()),
    'app.go-worklist': go('/worklist'),
    'app.go-peers': go('/network/peers'),
    'app.go-connections': go('/network/connections'),
    'app.go-remote': go('/network/remote'),
    'app.go-routing': go('/network/routing'),
    'app.go-jobs': go('/network/jobs'),
    'app.go-trash': go(TRASH.path),
  });
  const tabs = [
    { title: STUDIES.title, to: studiesPath(), isHere: isIn(STUDIES, pathname) },
    { title: WORKLIST.title, to: WORKLIST.path, isHere: isIn(WORKLIST, pathname) },
    { title: 'Network', to: networkPath(), isHere: isNetwork(pathname) },
  ];
  return (
    <nav className={classes.bar} aria-label="Places">
      {tabs.map(({ title, to, isHere }) => (
        <Link
          key={title}
          to={to}
          className={classes.link}
          aria-current={isHere ? 'page' : undefined}
          data-testid={`go-${title.toLowerCase()}`}
        >
          {title}
        </Link>
      ))}
    </nav>
  );
}

/** The same places in a drawer, for windows too narrow for the bar. */
export function NavigationDrawer() {
  const { pathname } = useLocation();
  const [opened, setOpened] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: going to a place closes the drawer
  useEffect(() => setOpened(false), [pathname]);
  const link = (place: Place, to = place.path) => (
    <Link
      key={place.path}
      to={to}
      className={classes.drawerLink}
      aria-current={isIn(place, pathname) ? 'page' : undefined}
      onClick={() => setOpened(false)}
    >
      {place.title}
      {COMMANDS[place.command].keys?.[0] ? (
        <Kbd size="xs" className={classes.key}>
          {keyLabel(COMMANDS[place.command].keys?.[0] ?? '')}
        </Kbd>
      ) : null}
    </Link>
  );
  return (
    <>
      <ActionIcon
        size="lg"
        className={classes.burger}
        aria-label="Places"
        onClick={() => setOpened(true)}
        data-testid="places"
      >
        <IconMenu2 size={20} />
      </ActionIcon>
      <Drawer opened={opened} onClose={() => setOpened(false)} title="Hounsfield" size={280}>
        <nav className={classes.drawer} aria-label="Places">
          {link(STUDIES, studiesPath())}
          {link(WORKLIST)}
          <span className={classes.drawerTitle}>Network</span>
          {NETWORK_PLACES.map((place) => link(place))}
          <span className={classes.drawerTitle}>Archive</span>
          {link(TRASH)}
        </nav>
      </Drawer>
    </>
  );
}

/** The pages of the network, with the tabs between them. */
export function NetworkFrame() {
  const { pathname } = useLocation();
  useEffect(() => {
    const place = NETWORK_PLACES.find((one) => isIn(one, pathname));
    if (place) rememberNetworkPath(place.path);
  }, [pathname]);
  const { data: callers } = useQuery({
    queryKey: ['callers'],
    queryFn: ({ signal }) => readCallers(signal),
    refetchInterval: CALLERS_POLL_MS,
    select: (answer) => answer.callers.length,
  });
  return (
    <div className={classes.network}>
      <nav className={classes.tabs} aria-label="Network">
        {NETWORK_PLACES.map((place) => (
          <Link
            key={place.path}
            to={place.path}
            className={classes.tab}
            aria-current={isIn(place, pathname) ? 'page' : undefined}
            data-testid={`tab-${place.path.split('/').at(-1)}`}
          >
            {place.title}
            {place.command === 'app.go-peers' && callers ? (
              <span className={classes.count} title="Refused callers" data-testid="caller-count">
                {callers}
                <span className="visually-hidden"> refused callers</span>
              </span>
            ) : null}
          </Link>
        ))}
      </nav>
      <div className={classes.page}>
        <Outlet />
      </div>
    </div>
  );
}
