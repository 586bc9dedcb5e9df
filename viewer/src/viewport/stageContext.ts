/** How the cells of a page find their stage, and the toolbar the display of the active cell. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { DisplayState } from './displayState';
import type { StackDisplay } from './StackDisplay';
import type { Stage } from './Stage';

export interface StageOfPage {
  stage: Stage;
  setActive: (display: StackDisplay) => void;
}

export const StageContext = createContext<StageOfPage | undefined>(undefined);

export function useStage(): StageOfPage {
  const found = useContext(StageContext);
  if (!found) throw new Error('an image cell stands in an ImageStage');
  return found;
}

export const useDisplayState = (display: StackDisplay): DisplayState =>
  useSyncExternalStore(display.subscribe, display.snapshot);
