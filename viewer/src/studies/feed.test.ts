import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, it, vi } from 'vitest';
import { Refresher } from './feed';

const change = {
  sequence: 1,
  studies: [{ StudyInstanceUID: '1', patient_key: 1, kind: 'stored' }],
};

it('asks once more for what changed while it was asking', async () => {
  vi.useFakeTimers();
  const client = new QueryClient();
  let asked = 0;
  const observer = new QueryObserver(client, {
    queryKey: ['studies'],
    queryFn: () =>
      new Promise<number>((resolve) => {
        asked += 1;
        setTimeout(() => resolve(asked), 1000);
      }),
  });
  const leave = observer.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(1100);
  expect(asked).toBe(1);

  const refresher = new Refresher(client);
  refresher.change(change);
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toBe(2);
  refresher.change(change);
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).toBe(3);
  expect(client.getQueryData(['studies'])).toBe(3);

  refresher.stop();
  leave();
  vi.useRealTimers();
});
