import { Button, Text } from '@mantine/core';
import { IconDownload, IconFileUnknown, IconLayoutBoard, IconPhotoOff } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { instanceFileUrl, type Series, type StudyDetail, seriesArchiveUrl } from '../../api/client';
import { formatDate, formatName } from '../../dicom/format';
import { imagesOf, type SeriesImage, sortImages, whyNotShown } from '../../dicom/images';
import { text } from '../../dicom/json';
import { Tag } from '../../dicom/tags';
import { Failure, Notice } from '../../ui/Notice';
import { ImageCell } from '../../viewport/ImageCell';
import { useSeriesMetadata } from '../queries';
import classes from './Study.module.css';
import { describeSeries, textsOf } from './series';
import { hasSeries, seriesOfDrop } from './seriesDrag';
import { useThrottledCount } from './useThrottledCount';

interface StudyCellProps {
  study: StudyDetail;
  /** Undefined where the cell is empty. */
  series: Series | undefined;
  /** 0-based place in the grid, and how many cells there are. */
  place: number;
  count: number;
  initialIndex: number | undefined;
  isActive: boolean;
  isHidden: boolean;
  onActivate: () => void;
  onEnlarge: () => void;
  onImage: (index: number, seriesInstanceUid: string) => void;
  /** The instance that the active cell shows, or the first one of a series without images. */
  onInstance: (seriesInstanceUid: string, sopInstanceUid: string | undefined) => void;
  onDrop: (seriesInstanceUid: string) => void;
}

/** One cell of the grid: reads its series and takes another that is dropped on it. */
export function StudyCell(props: StudyCellProps) {
  const { study, series, place, count, isActive, onInstance, onDrop } = props;
  const seriesInstanceUid = series?.SeriesInstanceUID ?? '';
  const metadata = useSeriesMetadata(
    study.StudyInstanceUID,
    seriesInstanceUid,
    useThrottledCount(seriesInstanceUid, series?.NumberOfSeriesRelatedInstances ?? 0),
    series !== undefined,
  );
  const stack = useMemo(() => {
    if (!seriesInstanceUid || !metadata.data) return undefined;
    const ordered = sortImages(imagesOf(metadata.data));
    if (ordered.images.length === 0) return undefined;
    return { studyInstanceUid: study.StudyInstanceUID, seriesInstanceUid, ...ordered };
  }, [seriesInstanceUid, metadata.data, study.StudyInstanceUID]);

  const [asked, setAsked] = useState<{ image: SeriesImage | undefined; uid: string }>();
  const image = asked?.uid === seriesInstanceUid ? asked.image : undefined;
  const sopInstanceUid = image?.sopInstanceUid ?? firstInstance(metadata.data?.[0]);
  const tell = useRef(onInstance);
  tell.current = onInstance;
  useEffect(() => {
    if (isActive) tell.current(seriesInstanceUid, sopInstanceUid);
  }, [isActive, seriesInstanceUid, sopInstanceUid]);

  const drop = useSeriesDrop(onDrop);
  const urlOf = (uid: string): string =>
    series ? instanceFileUrl(study.StudyInstanceUID, series.SeriesInstanceUID, uid) : '';
  const cover = coverOf(
    {
      study,
      series,
      isEmpty: !series && count > 1,
      reason: metadata.data && !stack ? reasonOf(metadata.data) : undefined,
      fileUrl: sopInstanceUid ? urlOf(sopInstanceUid) : undefined,
      error: metadata.data ? undefined : metadata.error,
    },
    () => void metadata.refetch(),
  );
  return (
    <div
      className={classes.cell}
      hidden={props.isHidden}
      data-over={drop.isOver ? 'true' : undefined}
      {...drop.handlers}
    >
      <ImageCell
        label={`Cell ${place + 1} of ${count}: ${series ? describeSeries(series) : 'empty'}`}
        series={stack}
        modality={series?.Modality ?? ''}
        texts={textsOf(study, series)}
        initialIndex={props.initialIndex}
        isActive={isActive}
        hasFrame={count > 1}
        onActivate={props.onActivate}
        onEnlarge={props.onEnlarge}
        onImage={(one, index, uid) => {
          setAsked({ image: one, uid });
          props.onImage(index, uid);
        }}
        fileUrlOf={(one) => urlOf(one.sopInstanceUid)}
        cover={cover}
      />
    </div>
  );
}

/** Takes series that are dragged over; enter and leave come for every element inside, too. */
function useSeriesDrop(onDrop: (seriesInstanceUid: string) => void) {
  const [isOver, setOver] = useState(false);
  const handlers = {
    onDragOver: (event: React.DragEvent) => {
      if (!hasSeries(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      setOver(true);
    },
    onDragLeave: (event: React.DragEvent) => {
      const isInside = event.currentTarget.contains(event.relatedTarget as Node | null);
      if (!isInside) setOver(false);
    },
    onDrop: (event: React.DragEvent) => {
      if (!hasSeries(event.dataTransfer)) return;
      event.preventDefault();
      setOver(false);
      onDrop(seriesOfDrop(event.dataTransfer));
    },
  };
  return { isOver, handlers };
}

interface CoverProps {
  study: StudyDetail;
  series: Series | undefined;
  /** One of several cells, and nothing was put there. */
  isEmpty: boolean;
  /** Why the chosen series has no picture; undefined while it has one or is being read. */
  reason: string | undefined;
  fileUrl: string | undefined;
  error: unknown;
}

/** What stands in the image's place when there is none; undefined while there is one or it is being read. */
function coverOf(
  { study, series, isEmpty, reason, fileUrl, error }: CoverProps,
  onRetry: () => void,
): React.ReactNode {
  if (isEmpty) return <EmptyCell />;
  if (!series) {
    return (
      <Notice icon={<IconPhotoOff size={28} />} title="This study has no series" testId="no-series">
        Its images may still be on their way.
      </Notice>
    );
  }
  if (error)
    return <Failure title="The series could not be read" error={error} onRetry={onRetry} />;
  if (reason === undefined) return undefined;
  return (
    <Notice
      icon={<IconFileUnknown size={28} />}
      title={reason}
      testId="not-shown"
      actions={
        <Button
          component="a"
          href={fileUrl ?? seriesArchiveUrl(study.StudyInstanceUID, series.SeriesInstanceUID)}
          download
          leftSection={<IconDownload size={16} />}
        >
          Download the file
        </Button>
      }
    >
      {describeSeries(series)} · {formatName(study.PatientName)} · {formatDate(study.StudyDate)}
    </Notice>
  );
}

function EmptyCell() {
  return (
    <div className={classes.empty} data-testid="empty-cell">
      <IconLayoutBoard size={30} stroke={1.4} />
      <Text size="sm">Drag a series here</Text>
      <Text size="xs" c="var(--quiet)">
        or click here, then on a series
      </Text>
    </div>
  );
}

function reasonOf(datasets: Parameters<typeof imagesOf>[0]): string {
  const first = datasets[0];
  return (first ? whyNotShown(first) : undefined) ?? 'This series has no image';
}

function firstInstance(
  dataset: Parameters<typeof imagesOf>[0][number] | undefined,
): string | undefined {
  return dataset ? text(dataset, Tag.SOPInstanceUID) : undefined;
}
