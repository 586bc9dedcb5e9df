/** What the commands do to the image of the active cell. */
import type { CommandHandlers } from '../commands';
import type { NamedWindow } from '../dicom/windows';
import type { StackDisplay } from './StackDisplay';
import type { Stage } from './Stage';
import { toggleTexts } from './textsShown';

export function handlersOf(
  stage: Stage,
  display: StackDisplay,
  windowsOnKeys: readonly NamedWindow[],
): CommandHandlers {
  const windows = windowsOnKeys
    .slice(0, 9)
    .map((window, index) => [`window.preset-${index + 1}`, () => display.setWindow(window)]);
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
    'tool.window': () => stage.setTool('window'),
    'tool.scroll': () => stage.setTool('scroll'),
    'tool.zoom': () => stage.setTool('zoom'),
    'tool.pan': () => stage.setTool('pan'),
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
    ...Object.fromEntries(windows),
  };
}

function toggleFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.querySelector('[data-testid="study-page"]')?.requestFullscreen();
}
