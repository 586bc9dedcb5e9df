import { Button, Group, Loader, Progress, Text } from '@mantine/core';
import { IconAlertTriangle, IconDownload, IconRefresh } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { SeriesImage } from '../dicom/images';
import { windowChoices } from '../dicom/windows';
import { Notice } from '../ui/Notice';
import { useCommands } from '../ui/useCommands';
import { automate } from './automation';
import { CornerTexts, type StudyTexts } from './CornerTexts';
import type { SeriesStack } from './displayState';
import { ImageSlider } from './ImageSlider';
import classes from './ImageView.module.css';
import { handlersOf } from './imageCommands';
import { StackDisplay } from './StackDisplay';
import { useDisplayState, useStage } from './stageContext';
import { useTextsShown } from './textsShown';

export interface ImageCellProps {
  /** What the cell is called, for those who do not see it. */
  label: string;
  series: SeriesStack | undefined;
  modality: string;
  texts: StudyTexts;
  /** 0-based index of the image at which a series opens; its own first one without it. */
  initialIndex: number | undefined;
  isActive: boolean;
  /** A single cell needs no frame. */
  hasFrame: boolean;
  onActivate: () => void;
  onEnlarge: () => void;
  /** The image asked for, whenever it changes. */
  onImage: (image: SeriesImage | undefined, index: number, seriesInstanceUid: string) => void;
  fileUrlOf: (image: SeriesImage) => string;
  /** Covers the image: what there is to say instead. */
  cover?: React.ReactNode;
}

/** One cell: the image of a series, what is written on it, and what is said in its place. */
export function ImageCell(props: ImageCellProps) {
  const { stage, setActive } = useStage();
  const element = useRef<HTMLDivElement>(null);
  const [display, setDisplay] = useState<StackDisplay>();
  const { isActive, hasFrame, onActivate, onEnlarge, label } = props;
  useEffect(() => {
    if (!element.current) return;
    const created = new StackDisplay(stage);
    setDisplay(created);
    void created.mount(element.current);
    return () => created.destroy();
  }, [stage]);
  useEffect(() => {
    if (!display || !isActive) return;
    setActive(display);
    return automate(display);
  }, [display, isActive, setActive]);
  return (
    <section
      className={classes.stage}
      aria-label={label}
      aria-current={isActive && hasFrame ? 'true' : undefined}
      onPointerDownCapture={onActivate}
      onFocusCapture={onActivate}
      data-testid="cell"
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keeps the browser's menu away; enlarging has a key */}
      <div
        ref={element}
        className={classes.canvas}
        onContextMenu={(event) => event.preventDefault()}
        onDoubleClick={onEnlarge}
        data-testid="viewport"
      />
      {display ? <Overlays {...props} display={display} /> : null}
      {isActive && hasFrame ? <div className={classes.frame} data-testid="active-frame" /> : null}
    </section>
  );
}

type WithDisplay = ImageCellProps & { display: StackDisplay };

function Overlays(props: WithDisplay) {
  const { display, series, modality, texts, initialIndex, onImage, cover, isActive } = props;
  const { stage } = useStage();
  const state = useDisplayState(display);
  const hasTexts = useTextsShown();
  const opened = useRef<SeriesStack>(undefined);
  const firstIndex = useRef(initialIndex);
  firstIndex.current = initialIndex;

  useEffect(() => {
    const before = opened.current;
    opened.current = series;
    if (!series) return;
    if (before?.seriesInstanceUid === series.seriesInstanceUid) display.extend(series);
    else display.open(series, firstIndex.current);
  }, [display, series]);

  const tell = useRef(onImage);
  tell.current = onImage;
  const sopInstanceUid = display.image?.sopInstanceUid;
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when the image changes, not the teller
  useEffect(() => {
    if (series && series.seriesInstanceUid === display.seriesInstanceUid) {
      tell.current(display.image, state.index, series.seriesInstanceUid);
    }
  }, [display, series, state.index, sopInstanceUid]);

  const { onKeys } = windowChoices(modality, display.shownImage);
  useCommands(series && isActive ? handlersOf(stage, display, onKeys) : {});

  if (cover) return <div className={classes.cover}>{cover}</div>;
  // The pixels of the series before must not stand under the texts of the one that is coming.
  if (series?.seriesInstanceUid !== display.seriesInstanceUid)
    return <FirstImage text="Reading the series…" />;
  return (
    <>
      {hasTexts ? <CornerTexts state={state} display={display} texts={texts} /> : null}
      <ImageSlider state={state} display={display} />
      <Waiting {...props} />
      <Failures {...props} />
      <div className={classes.notDiagnostic}>Not for diagnostic use</div>
    </>
  );
}

function FirstImage({ text }: { text: string }) {
  return (
    <div className={classes.waiting} data-testid="image-waiting">
      <Loader color="signal" size="md" aria-label="Loading" />
      <Text size="sm">{text}</Text>
    </div>
  );
}

function Waiting({ display, series }: WithDisplay) {
  const state = useDisplayState(display);
  if (state.status !== 'ready' && state.status !== 'starting') return null;
  const isEmpty = state.shownIndex === undefined && !state.imageFailure;
  const settled = state.loadedCount + state.failedCount;
  return (
    <>
      {isEmpty ? (
        <FirstImage text={series ? 'Loading the first image…' : 'Reading the series…'} />
      ) : null}
      {!isEmpty && state.isLoading ? (
        <div className={classes.badge} role="status" data-testid="image-loading">
          <Loader color="signal" size={14} />
          Image {state.index + 1}
        </div>
      ) : null}
      {!isEmpty && settled < state.count ? (
        <div className={classes.progress} data-testid="prefetch-progress">
          <Progress
            size={3}
            value={(100 * settled) / state.count}
            w={110}
            color="signal"
            aria-label="Images loaded"
          />
          {state.loadedCount} / {state.count}
        </div>
      ) : null}
    </>
  );
}

function Failures({ display, fileUrlOf }: WithDisplay) {
  const state = useDisplayState(display);
  if (state.status === 'context-lost' || state.status === 'failed') {
    const isLost = state.status === 'context-lost';
    return (
      <div className={classes.cover}>
        <Notice
          icon={<IconAlertTriangle size={28} />}
          color="orange"
          testId={isLost ? 'context-lost' : 'viewport-failed'}
          title={isLost ? 'The graphics processor gave up' : 'Images cannot be drawn here'}
          actions={
            <Button
              leftSection={<IconRefresh size={16} />}
              onClick={() => window.location.reload()}
            >
              Load the page again
            </Button>
          }
        >
          {isLost
            ? 'The browser lost its connection to it, mostly for want of memory. You come back to this image.'
            : state.failure}
        </Notice>
      </div>
    );
  }
  const image = display.image;
  if (!state.imageFailure || !image) return null;
  return (
    <div className={classes.cover}>
      <Notice
        icon={<IconAlertTriangle size={28} />}
        color="orange"
        testId="image-failure"
        title={state.imageFailure.reason}
        actions={
          <Group gap="xs" justify="center">
            <Button leftSection={<IconRefresh size={16} />} onClick={() => display.step(0)}>
              Try again
            </Button>
            <Button
              component="a"
              href={fileUrlOf(image)}
              download
              variant="default"
              leftSection={<IconDownload size={16} />}
            >
              Download the file
            </Button>
          </Group>
        }
      >
        Image {state.index + 1} of {state.count}. {state.imageFailure.detail}
      </Notice>
    </div>
  );
}
