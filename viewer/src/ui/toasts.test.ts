import { afterEach, expect, it, vi } from 'vitest';
import { ToastList } from './toasts';

afterEach(() => vi.useRealTimers());

it('takes a message away by itself, but not one of a failure', () => {
  vi.useFakeTimers();
  const list = new ToastList();
  list.show('Peer removed');
  const failed = list.show('Not saved', { tone: 'bad' });
  vi.advanceTimersByTime(10_000);
  expect(list.all().map((toast) => toast.text)).toEqual(['Not saved']);
  list.dismiss(failed);
  expect(list.all()).toEqual([]);
});

it('shows the newest four', () => {
  const list = new ToastList();
  for (const number of [1, 2, 3, 4, 5]) list.show(String(number), { tone: 'bad' });
  expect(list.all().map((toast) => toast.text)).toEqual(['2', '3', '4', '5']);
});
