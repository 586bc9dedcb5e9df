import { useRef } from 'react';

/** The value, or the last one that there was: what a drawer shows while it slides away. */
export function useLast<Value>(value: Value | undefined): Value | undefined {
  const last = useRef(value);
  if (value !== undefined) last.current = value;
  return last.current;
}
