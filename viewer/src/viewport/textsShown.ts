/** Whether the corner texts are shown: one choice for all cells, remembered by the browser. */
import { useSyncExternalStore } from 'react';

const TEXTS_KEY = 'hounsfield.corner-texts';
const listeners = new Set<() => void>();
const textsShown = (): boolean => localStorage.getItem(TEXTS_KEY) !== 'hidden';

export function toggleTexts(): void {
  localStorage.setItem(TEXTS_KEY, textsShown() ? 'hidden' : 'shown');
  for (const listener of listeners) listener();
}

export function useTextsShown(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, textsShown);
}
