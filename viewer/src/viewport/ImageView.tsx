import { Button, Group, Loader, Progress, Text } from '@mantine/core';
import { IconAlertTriangle, IconDownload, IconRefresh } from '@tabler/icons-react';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { type CommandHandlers, commands } from '../commands';
import type { SeriesImage } from '../dicom/images';
import { presetsOf, windowsOfFile } from '../dicom/windows';
import { Notice } from '../ui/Notice';
import { useCommands } from '../ui/useCommands';
import { automate } from './automation';
import { CornerTexts, type StudyTexts } from './CornerTexts';
import type { SeriesStack } from './displayState';
import { ImageSlider } from './ImageSlider';
import { ImageToolbar } from './ImageToolbar';
import classes from './ImageView.module.css';
import { StackDisplay } from './StackDisplay';

interface ImageViewProps {
  series: SeriesStack | undefined;
  modality: string;
  texts: StudyTexts;
  initialIndex: number | undefined;
  /** The image asked for, whenever it changes. */
  onImage: (image: SeriesImage | undefined, index: number, seriesInstanceUid: string) => void;
  fileUrlOf: (image: SeriesImage) => string;
  /** More buttons for the toolbar. */
  actions?: React.ReactNode;
  /** Covers the image: what there is to say instead. */
  cover?: React.ReactNode;
}

export function ImageView(props: ImageViewProps) {
  const element = useRef<HTMLDivElement>(null);
  const [display, setDisplay] = useState<StackDisplay>();
  useEffect(() => {
    if (!element.current) return;
    const created = new StackDisplay();
    const stopAutomation = automate(created);
    setDisplay(created);
    void created.mount(element.current);
    return () => {
      stopAutomation();
      created.destroy();
    };
  }, []);
  return (
    <div className={classes.view} data-testid="image-view">
      {display ? <Toolbar {...props} display={display} /> : null}
      <div className={classes.stage}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: only keeps the browser's menu away */}
        <div
          ref={element}
          className={classes.canvas}
          onContextMenu={(event) => event.preventDefault()}
          data-testid="viewport"
        />
        {display ? <Overlays {...props} display={display} /> : null}
      </div>
    </div>
  );
}

type WithDisplay = ImageViewProps & { display: StackDisplay };

const useDisplayState = (display: StackDisplay) =>
  useSyncExternalStore(display.subscribe, display.snapshot);

function Toolbar({ display, series, modality, actions }: WithDisplay) {
  const state = useDisplayState(display);
  const image = display.shownImage;
  const fileWindows = image ? windowsOfFile(image.dataset, image.frameNumber) : [];
  const hasTexts = useTextsShown();
  return (
    <ImageToolbar
      state={state}
      display={display}
      presets={series ? presetsOf(modality) : []}
      fileWindows={fileWindows}
      hasTexts={hasTexts}
    >
      {actions}
    </ImageToolbar>
  );
}

function Overlays(props: WithDisplay) {
  const { display, series, modality, texts, initialIndex, onImage, cover } = props;
  const state = useDisplayState(display);
  const hasTexts = useTextsShown();
  const opened = useRef<SeriesStack>(undefined);
  const firstIndex = useRef(initialIndex);

  useEffect(() => {
    const before = opened.current;
    opened.current = series;
    if (!series) return;
    if (before?.seriesInstanceUid === series.seriesInstanceUid) display.extend(series);
    else display.open(series, before ? undefined : firstIndex.current);
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

  useCommands(series ? handlersOf(display, modality) : {});

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
            <Button
              leftSection={<IconRefresh size={16} />}
              onClick={() => commands.run('image.retry')}
            >
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

function handlersOf(display: StackDisplay, modality: string): CommandHandlers {
  const presets = presetsOf(modality).map((window, index) => [
    `window.preset-${index + 1}`,
    () => display.setWindow(window),
  ]);
  const { count } = display.snapshot();
  return {
    'image.next': () => display.step(1),
    'image.previous': () => display.step(-1),
    'image.page-forward': () => display.step(10),
    'image.page-back': () => display.step(-10),
    'image.first': () => display.step(-count),
    'image.last': () => display.step(count),
    'image.retry': () => display.step(0),
    'cine.toggle': () => (display.snapshot().isPlaying ? display.pause() : display.play()),
    'cine.faster': () => display.setFramesPerSecond(display.snapshot().framesPerSecond + 2),
    'cine.slower': () => display.setFramesPerSecond(display.snapshot().framesPerSecond - 2),
    'tool.window': () => display.setTool('window'),
    'tool.scroll': () => display.setTool('scroll'),
    'tool.zoom': () => display.setTool('zoom'),
    'tool.pan': () => display.setTool('pan'),
    'view.fit': () => display.fit(),
    'view.actual-size': () => display.actualSize(),
    'view.zoom-in': () => display.zoomBy(1.25),
    'view.zoom-out': () => display.zoomBy(0.8),
    'view.invert': () => display.invert(),
    'view.rotate-right': () => display.rotate(90),
    'view.rotate-left': () => display.rotate(-90),
    'view.flip-horizontal': () => display.flip('horizontal'),
    'view.flip-vertical': () => display.flip('vertical'),
    'view.reset': () => display.reset(),
    'view.toggle-texts': toggleTexts,
    'view.full-screen': toggleFullScreen,
    'window.of-file': () => display.resetWindow(),
    ...Object.fromEntries(presets),
  };
}

function toggleFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.querySelector('[data-testid="study-page"]')?.requestFullscreen();
}

const TEXTS_KEY = 'hounsfield.corner-texts';
const textListeners = new Set<() => void>();
const textsShown = (): boolean => localStorage.getItem(TEXTS_KEY) !== 'hidden';

function toggleTexts(): void {
  localStorage.setItem(TEXTS_KEY, textsShown() ? 'hidden' : 'shown');
  for (const listener of textListeners) listener();
}

function useTextsShown(): boolean {
  return useSyncExternalStore((listener) => {
    textListeners.add(listener);
    return () => textListeners.delete(listener);
  }, textsShown);
}
