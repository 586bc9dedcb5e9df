import { formatNumber } from '../dicom/format';
import { functionalGroup } from '../dicom/geometry';
import { slicePosition } from '../dicom/images';
import { number, text } from '../dicom/json';
import { Tag } from '../dicom/tags';
import { titleOf } from './colourMaps';
import type { DisplayState } from './displayState';
import classes from './ImageView.module.css';
import type { StackDisplay } from './StackDisplay';

export interface StudyTexts {
  patient: string[];
  study: string[];
  series: string[];
}

interface CornerTextsProps {
  state: DisplayState;
  display: StackDisplay;
  texts: StudyTexts;
}

/** What a person must see on the image itself: whose it is, which it is, how it is shown. */
export function CornerTexts({ state, display, texts }: CornerTextsProps) {
  const image = display.shownImage;
  if (!image || state.shownIndex === undefined) return null;
  return (
    <>
      <Corner place="topLeft" lines={texts.patient} />
      <Corner place="topRight" lines={texts.study} />
      <Corner
        place="bottomLeft"
        lines={[...texts.series, ...placeOf(state.shownIndex, state.count, image)]}
        needed={[...texts.series, imageOf(state.shownIndex, state.count)]}
        testId="image-number"
      />
      <Corner
        place="bottomRight"
        lines={viewOf(state, image.dataset)}
        needed={viewOf(state, image.dataset)}
        testId="view-texts"
      />
      {state.letters ? (
        <div aria-hidden="true" data-testid="orientation-letters">
          <span className={`${classes.letter} ${classes.top}`}>{state.letters.top}</span>
          <span className={`${classes.letter} ${classes.bottom}`}>{state.letters.bottom}</span>
          <span className={`${classes.letter} ${classes.left}`}>{state.letters.left}</span>
          <span className={`${classes.letter} ${classes.right}`}>{state.letters.right}</span>
        </div>
      ) : null}
    </>
  );
}

interface CornerProps {
  place: 'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight';
  lines: readonly string[];
  /** The lines for which there is always room, on a phone too. */
  needed?: readonly (string | undefined)[];
  testId?: string;
}

function Corner({ place, lines, needed = lines.slice(0, 2), testId }: CornerProps) {
  return (
    <div className={`${classes.corner} ${classes[place]}`} data-testid={testId}>
      {lines.filter(Boolean).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two lines of a corner may be alike
        <div key={index} className={needed.includes(line) ? undefined : classes.minor}>
          {line}
        </div>
      ))}
    </div>
  );
}

const imageOf = (index: number, count: number): string => `Image ${index + 1} / ${count}`;

type Image = NonNullable<StackDisplay['shownImage']>;

function placeOf(index: number, count: number, image: Image): string[] {
  const measures = functionalGroup(image.dataset, image.frameNumber, Tag.PixelMeasuresSequence);
  const thickness = number(measures ?? image.dataset, Tag.SliceThickness);
  const position = slicePosition(image);
  const frame = image.numberOfFrames > 1 ? `Frame ${image.frameNumber}` : '';
  const instance = image.instanceNumber === undefined ? '' : `Instance ${image.instanceNumber}`;
  return [
    imageOf(index, count),
    [instance, frame].filter(Boolean).join(' · '),
    [
      position === undefined ? '' : `Position ${formatNumber(position, 1)} mm`,
      thickness === undefined ? '' : `Slice ${formatNumber(thickness, 2)} mm`,
    ]
      .filter(Boolean)
      .join(' · '),
  ];
}

function viewOf(state: DisplayState, dataset: Image['dataset']): string[] {
  const { window, scale } = state;
  const turned = [
    state.rotation ? `turned ${state.rotation}°` : '',
    state.isFlippedHorizontally || state.isFlippedVertically ? 'flipped' : '',
    state.isInverted !== (text(dataset, Tag.PhotometricInterpretation) === 'MONOCHROME1')
      ? 'inverted'
      : '',
  ];
  return [
    window && !state.isColour
      ? `W ${formatNumber(window.width, window.width < 10 ? 2 : 0)}  L ${formatNumber(window.center, window.width < 10 ? 2 : 0)}`
      : '',
    scale ? `Zoom ${Math.round(scale * 100)} %` : '',
    turned.filter(Boolean).join(', '),
    state.colourMap === 'grey' ? '' : titleOf(state.colourMap),
    text(dataset, Tag.LossyImageCompression) === '01' ? 'Lossy compression' : '',
  ];
}
