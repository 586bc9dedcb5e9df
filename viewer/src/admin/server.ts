import { useQuery } from '@tanstack/react-query';
import { readServer } from '../api/client';

/** How this archive is reached; the answer is shared with the rest of the app. */
export const useServer = () =>
  useQuery({
    queryKey: ['server'],
    queryFn: ({ signal }) => readServer(signal),
    staleTime: 5_000, // the port for TLS may open while the app is open
  });
