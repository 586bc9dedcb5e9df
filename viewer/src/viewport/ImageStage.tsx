import { useEffect, useMemo, useState } from 'react';
import { windowChoices } from '../dicom/windows';
import { ImageToolbar } from './ImageToolbar';
import classes from './ImageView.module.css';
import { LayoutMenu, type LayoutMenuProps } from './LayoutMenu';
import type { StackDisplay } from './StackDisplay';
import { Stage } from './Stage';
import { StageContext, useDisplayState } from './stageContext';
import { useTextsShown } from './textsShown';

interface ImageStageProps extends LayoutMenuProps {
  /** The active cell covers all others. */
  isEnlarged: boolean;
  /** Modality of the active cell; empty where it has none. */
  modality: string;
  /** More buttons for the toolbar. */
  actions?: React.ReactNode;
  /** The cells, row by row. */
  children: React.ReactNode;
}

/** The cells of a page in their rows and columns, and the toolbar of the active one. */
export function ImageStage(props: ImageStageProps) {
  const { rows, columns, isEnlarged, modality, actions, children } = props;
  const [stage, setStage] = useState<Stage>();
  const [active, setActive] = useState<StackDisplay>();
  useEffect(() => {
    const created = new Stage();
    setStage(created);
    return () => created.destroy();
  }, []);
  const ofPage = useMemo(() => (stage ? { stage, setActive } : undefined), [stage]);
  const one = isEnlarged ? 1 : undefined;
  return (
    <div className={classes.view} data-testid="image-view">
      {active ? (
        <ActiveToolbar display={active} modality={modality} layout={<LayoutMenu {...props} />}>
          {actions}
        </ActiveToolbar>
      ) : null}
      <div
        className={classes.grid}
        style={{
          gridTemplateRows: `repeat(${one ?? rows}, minmax(0, 1fr))`,
          gridTemplateColumns: `repeat(${one ?? columns}, minmax(0, 1fr))`,
        }}
        data-testid="grid"
      >
        {ofPage ? <StageContext value={ofPage}>{children}</StageContext> : null}
      </div>
    </div>
  );
}

interface ActiveToolbarProps {
  display: StackDisplay;
  modality: string;
  layout: React.ReactNode;
  children: React.ReactNode;
}

function ActiveToolbar({ display, modality, layout, children }: ActiveToolbarProps) {
  const state = useDisplayState(display);
  const hasTexts = useTextsShown();
  return (
    <ImageToolbar
      state={state}
      display={display}
      windows={windowChoices(modality, display.shownImage)}
      hasTexts={hasTexts}
      layout={layout}
    >
      {children}
    </ImageToolbar>
  );
}
