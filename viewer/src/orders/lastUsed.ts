/** Which scanner an order was last made for, so that the next form begins with it. */
import type { LastUsed } from './draft';

const KEY = 'hounsfield.last-station';

export function lastUsed(): LastUsed {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as LastUsed;
  } catch {
    return {};
  }
}

export const rememberUsed = (used: LastUsed): void =>
  localStorage.setItem(KEY, JSON.stringify(used));
