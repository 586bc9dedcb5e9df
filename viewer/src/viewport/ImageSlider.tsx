import { useRef } from 'react';
import type { DisplayState } from './displayState';
import classes from './ImageView.module.css';
import type { StackDisplay } from './StackDisplay';

interface ImageSliderProps {
  state: DisplayState;
  display: StackDisplay;
}

/** The place in the stack, and which images are already here. */
export function ImageSlider({ state, display }: ImageSliderProps) {
  const track = useRef<HTMLDivElement>(null);
  if (state.count < 2) return null;

  const showAt = (clientY: number) => {
    const box = track.current?.getBoundingClientRect();
    if (!box) return;
    const share = Math.max(0, Math.min(1, (clientY - box.top) / box.height));
    display.pause();
    void display.show(Math.round(share * (state.count - 1)));
  };
  const size = Math.max(4, 100 / state.count);
  const top = (state.index / (state.count - 1)) * (100 - size);
  return (
    <div
      ref={track}
      className={classes.slider}
      role="slider"
      tabIndex={0}
      aria-label="Image in the series"
      aria-orientation="vertical"
      aria-valuemin={1}
      aria-valuemax={state.count}
      aria-valuenow={state.index + 1}
      data-testid="image-slider"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        showAt(event.clientY);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) showAt(event.clientY);
      }}
      onKeyDown={(event) => {
        const steps: Record<string, number> = {
          ArrowDown: 1,
          ArrowRight: 1,
          ArrowUp: -1,
          ArrowLeft: -1,
        };
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        display.step(step);
      }}
    >
      <div className={classes.track}>
        {runs(state.count, display.hasLoaded).map(([from, to]) => (
          <div
            key={from}
            className={classes.loaded}
            style={{
              top: `${(100 * from) / state.count}%`,
              height: `${(100 * (to - from)) / state.count}%`,
            }}
          />
        ))}
        {runs(state.count, display.hasFailed).map(([from, to]) => (
          <div
            key={from}
            className={classes.missing}
            style={{
              top: `${(100 * from) / state.count}%`,
              height: `${(100 * (to - from)) / state.count}%`,
            }}
          />
        ))}
      </div>
      <div className={classes.thumb} style={{ top: `${top}%`, height: `${size}%` }} />
    </div>
  );
}

/** Stretches of neighbouring indices for which something holds, as [from, to). */
export function runs(count: number, holds: (index: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  for (let index = 0; index < count; index += 1) {
    if (!holds(index)) continue;
    const last = found[found.length - 1];
    if (last && last[1] === index) last[1] = index + 1;
    else found.push([index, index + 1]);
  }
  return found;
}
