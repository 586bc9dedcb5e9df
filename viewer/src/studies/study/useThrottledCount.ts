import { useEffect, useRef, useState } from 'react';

/** A count that grows at most every two seconds; at once when it becomes the count of another key. */
export function useThrottledCount(key: string, count: number, waitMs = 2000): number {
  const [held, setHeld] = useState({ key, count });
  const latest = useRef(count);
  latest.current = count;
  const isOther = held.key !== key;
  const isBehind = !isOther && held.count !== count;
  useEffect(() => {
    if (isOther) setHeld({ key, count: latest.current });
  }, [isOther, key]);
  useEffect(() => {
    if (!isBehind) return undefined;
    const timer = window.setTimeout(() => setHeld({ key, count: latest.current }), waitMs);
    return () => window.clearTimeout(timer);
  }, [isBehind, key, waitMs]);
  return isOther ? count : held.count;
}
