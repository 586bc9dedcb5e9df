/** The speed at which a run of frames was meant to be played (PS3.3 C.7.6.5). */
import { type JsonDataset, number, numbers } from './json';
import { Tag } from './tags';

export const DEFAULT_FRAMES_PER_SECOND = 15;

export function framesPerSecond(dataset: JsonDataset): number {
  const recommended = number(dataset, Tag.RecommendedDisplayFrameRate);
  const frameTime = number(dataset, Tag.FrameTime) ?? meanOf(dataset);
  const rate =
    positive(recommended) ??
    positive(frameTime && 1000 / frameTime) ??
    positive(number(dataset, Tag.CineRate)) ??
    DEFAULT_FRAMES_PER_SECOND;
  return Math.min(60, Math.max(1, Math.round(rate)));
}

/** Whether the frames follow one another in time, so that a person expects them to run. */
export function isCine(dataset: JsonDataset): boolean {
  const frames = number(dataset, Tag.NumberOfFrames) ?? 1;
  const hasTime = [Tag.RecommendedDisplayFrameRate, Tag.FrameTime, Tag.CineRate].some(
    (tag) => positive(number(dataset, tag)) !== undefined,
  );
  return frames > 1 && (hasTime || numbers(dataset, Tag.FrameTimeVector).length > 1);
}

/** The first element of Frame Time Vector is 0: the steps are the others. */
function meanOf(dataset: JsonDataset): number | undefined {
  const steps = numbers(dataset, Tag.FrameTimeVector).slice(1);
  if (steps.length === 0) return undefined;
  return steps.reduce((sum, step) => sum + step, 0) / steps.length;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : undefined;
}
