import { Text } from '@mantine/core';
import { IconFileUnknown, IconPhotoOff } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { Series, StudyDetail } from '../../api/client';
import classes from './Study.module.css';
import { countOf, describeSeries } from './series';
import { startDrag } from './seriesDrag';

interface SeriesRailProps {
  study: StudyDetail;
  /** The series of the active cell. */
  chosen: Series | undefined;
  /** The series of all cells. */
  shown: readonly Series[];
  onChoose: (series: Series) => void;
}

/** Every series of the study, also those that have no image, to click or drag into a cell; beside the image, below it on a phone. */
export function SeriesRail({ study, chosen, shown, onChoose }: SeriesRailProps) {
  return (
    <nav className={classes.rail} aria-label="Series" data-testid="series-rail">
      {study.series.map((series) => (
        <SeriesCard
          key={series.SeriesInstanceUID}
          series={series}
          isChosen={series === chosen}
          isShown={shown.includes(series)}
          onChoose={() => onChoose(series)}
        />
      ))}
    </nav>
  );
}

interface SeriesCardProps {
  series: Series;
  isChosen: boolean;
  isShown: boolean;
  onChoose: () => void;
}

function SeriesCard({ series, isChosen, isShown, onChoose }: SeriesCardProps) {
  const card = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isChosen) card.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [isChosen]);
  return (
    <button
      ref={card}
      type="button"
      className={classes.card}
      aria-current={isChosen ? 'true' : undefined}
      onClick={onChoose}
      draggable
      onDragStart={(event) => startDrag(event.dataTransfer, series.SeriesInstanceUID)}
      data-shown={isShown ? 'true' : undefined}
      data-testid="series-card"
      data-series={series.SeriesInstanceUID}
    >
      <Thumbnail series={series} />
      <span className={classes.cardText}>
        <Text component="span" size="sm" fw={600} lineClamp={2}>
          {describeSeries(series)}
        </Text>
        <Text component="span" size="xs" c="var(--quiet)">
          {[
            series.SeriesNumber === null ? '' : `${series.SeriesNumber}`,
            series.Modality,
            countOf(series),
          ]
            .filter(Boolean)
            .join(' · ')}
        </Text>
      </span>
    </button>
  );
}

function Thumbnail({ series }: { series: Series }) {
  const [hasFailed, setFailed] = useState(false);
  if (!series.thumbnail_url || hasFailed) {
    return (
      <span className={classes.glyph}>
        {series.is_image ? <IconPhotoOff size={26} /> : <IconFileUnknown size={26} />}
      </span>
    );
  }
  return (
    <img
      className={classes.thumbnail}
      src={`${series.thumbnail_url}?viewport=192,192`}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => setFailed(true)}
    />
  );
}
