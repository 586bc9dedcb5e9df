import { act, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { Ago } from './Ago';

afterEach(() => vi.useRealTimers());

it('stays current, and ticks only while it is looked at', () => {
  vi.useFakeTimers({ now: 1_764_000_000_000 });
  const { unmount } = render(
    <>
      <Ago time_us={1_764_000_000_000_000} />
      <Ago time_us={1_763_999_700_000_000} />
    </>,
  );
  expect(screen.getByText('just now')).toBeTruthy();
  expect(screen.getByText('5 minutes ago')).toBeTruthy();
  expect(vi.getTimerCount()).toBe(1);
  act(() => void vi.advanceTimersByTime(30_000));
  expect(screen.getByText('30 s ago')).toBeTruthy();
  unmount();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  render(<Ago time_us={1_764_000_000_000_000} />);
  expect(screen.getByText('2 minutes ago')).toBeTruthy();
});
