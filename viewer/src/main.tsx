import '@mantine/core/styles.css';
import '@mantine/dates/styles.css';
import './ui/app.css';
import { Center, Loader, localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { StudyListPage } from './studies/list/StudyListPage';
import { shouldRetry } from './studies/queries';
import { NotFoundPage } from './studies/shell/NotFoundPage';
import { Shell } from './studies/shell/Shell';
import { ErrorBoundary } from './ui/ErrorBoundary';
import { theme } from './ui/theme';

const StudyPage = lazy(() => import('./studies/study/StudyPage'));

/** The study page carries the renderer, a megabyte: on a slow line it takes seconds to come. */
function OpeningPage() {
  return (
    <Center h="100%" data-testid="page-waiting">
      <Loader color="signal" aria-label="Opening the study" />
    </Center>
  );
}

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
      {
        path: 'studies/:studyInstanceUid',
        element: (
          <ErrorBoundary title="The study page broke down">
            <Suspense fallback={<OpeningPage />}>
              <StudyPage />
            </Suspense>
          </ErrorBoundary>
        ),
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
