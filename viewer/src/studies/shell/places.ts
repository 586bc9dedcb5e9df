/** The places of the app that the navigation leads to. */
import type { CommandName } from '../../commands';
import { LIST_SEARCH_KEY } from '../list/StudyListPage';

export interface Place {
  title: string;
  path: string;
  command: CommandName;
}

export const STUDIES: Place = { title: 'Studies', path: '/', command: 'app.go-studies' };
export const WORKLIST: Place = { title: 'Worklist', path: '/worklist', command: 'app.go-worklist' };
export const TRASH: Place = { title: 'Trash', path: '/trash', command: 'app.go-trash' };

export const NETWORK_PLACES: readonly Place[] = [
  { title: 'Peers', path: '/network/peers', command: 'app.go-peers' },
  { title: 'Connections', path: '/network/connections', command: 'app.go-connections' },
  { title: 'Remote archives', path: '/network/remote', command: 'app.go-remote' },
  { title: 'Routing', path: '/network/routing', command: 'app.go-routing' },
  { title: 'Jobs', path: '/network/jobs', command: 'app.go-jobs' },
];

/** Whether a path is in a place: the studies are what no other place has. */
export function isIn(place: Place, pathname: string): boolean {
  if (place !== STUDIES) return pathname === place.path || pathname.startsWith(`${place.path}/`);
  return pathname === '/' || pathname.startsWith('/studies/');
}

const NETWORK_KEY = 'hounsfield.network';

/** The study list as a person left it. */
export const studiesPath = (): string => `/?${sessionStorage.getItem(LIST_SEARCH_KEY) ?? ''}`;

/** The page of the network that was looked at last. */
export const networkPath = (): string =>
  sessionStorage.getItem(NETWORK_KEY) ?? NETWORK_PLACES[0]?.path ?? '/';

export const rememberNetworkPath = (path: string): void =>
  sessionStorage.setItem(NETWORK_KEY, path);
