import '@mantine/core/styles.css';
import '@mantine/dates/styles.css';
import './ui/app.css';
import { Center, Loader, localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ComponentType, lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router';
import { StudyListPage } from './studies/list/StudyListPage';
import { shouldRetry } from './studies/queries';
import { NetworkFrame } from './studies/shell/Navigation';
import { NotFoundPage } from './studies/shell/NotFoundPage';
import { Shell } from './studies/shell/Shell';
import { ErrorBoundary } from './ui/ErrorBoundary';
import { theme } from './ui/theme';

const StudyPage = lazy(() => import('./studies/study/StudyPage'));
const WorklistPage = lazy(() => import('./orders/WorklistPage'));
const PeersPage = lazy(() => import('./admin/peers/PeersPage'));
const ConnectionsPage = lazy(() => import('./admin/associations/ConnectionsPage'));
const RemotePage = lazy(() => import('./admin/remote/RemotePage'));
const RoutingPage = lazy(() => import('./admin/routing/RoutingPage'));
const TrashPage = lazy(() => import('./admin/trash/TrashPage'));
const JobsPage = lazy(() => import('./admin/jobs/JobsPage'));

/** The study page carries the renderer, a megabyte: on a slow line it takes seconds to come. */
function OpeningPage({ what }: { what: string }) {
  return (
    <Center h="100%" data-testid="page-waiting">
      <Loader color="signal" aria-label={`Opening ${what}`} />
    </Center>
  );
}

/** A page fetched when it is first gone to, whose faults stay in it. */
const later = (what: string, Content: ComponentType) => (
  <ErrorBoundary key={what} title={`${what} broke down`}>
    <Suspense fallback={<OpeningPage what={what.toLowerCase()} />}>
      <Content />
    </Suspense>
  </ErrorBoundary>
);

const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: shouldRetry, staleTime: 5_000, networkMode: 'always' },
  },
});

const router = createBrowserRouter([
  {
    element: <Shell />,
    children: [
      { index: true, element: <StudyListPage /> },
      { path: 'studies/:studyInstanceUid', element: later('The study page', StudyPage) },
      { path: 'worklist', element: later('The worklist', WorklistPage) },
      { path: 'trash', element: later('The trash', TrashPage) },
      {
        path: 'network',
        element: <NetworkFrame />,
        children: [
          { index: true, element: <Navigate to="peers" replace /> },
          { path: 'peers', element: later('The page of peers', PeersPage) },
          { path: 'connections', element: later('The page of connections', ConnectionsPage) },
          { path: 'remote', element: later('The page of remote archives', RemotePage) },
          { path: 'routing', element: later('The page of routing', RoutingPage) },
          { path: 'jobs', element: later('The page of jobs', JobsPage) },
        ],
      },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
]);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="dark"
        colorSchemeManager={localStorageColorSchemeManager({ key: 'hounsfield.colours' })}
      >
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
