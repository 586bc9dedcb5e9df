import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useThrottledCount } from './useThrottledCount';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('a count that rises without pause is still followed, every two seconds', () => {
  const { result, rerender } = renderHook(({ count }) => useThrottledCount('a', count), {
    initialProps: { count: 1 },
  });
  for (let count = 2; count <= 5; count += 1) {
    rerender({ count });
    act(() => vi.advanceTimersByTime(400));
  }
  expect(result.current).toBe(1);
  rerender({ count: 6 });
  act(() => vi.advanceTimersByTime(400));
  expect(result.current).toBe(6);
});

it('another series has its own count at once', () => {
  const { result, rerender } = renderHook(({ key, count }) => useThrottledCount(key, count), {
    initialProps: { key: 'a', count: 5 },
  });
  rerender({ key: 'b', count: 9 });
  expect(result.current).toBe(9);
});
