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

it('asks for everything anew after a break, but not other systems', async () => {
  const client = new QueryClient();
  const asked = { here: 0, elsewhere: 0 };
  const ours = new QueryObserver(client, { queryKey: ['ours'], queryFn: () => ++asked.here });
  const theirs = new QueryObserver(client, {
    queryKey: ['theirs'],
    queryFn: () => ++asked.elsewhere,
    meta: { asksElsewhere: true },
  });
  const leave = [ours, theirs].map((observer) => observer.subscribe(() => undefined));
  await vi.waitFor(() => expect(client.isFetching()).toBe(0));
  expect(asked).toEqual({ here: 1, elsewhere: 1 });
  new Refresher(client).everything();
  await vi.waitFor(() => expect(asked.here).toBe(2));
  expect(asked.elsewhere).toBe(1);
  for (const one of leave) one();
});
