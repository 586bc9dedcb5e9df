import { Center, Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import {
  instanceFileUrl,
  type Series,
  type StudyDetail,
  seriesArchiveUrl,
  studyArchiveUrl,
} from '../../api/client';
import type { CommandHandlers } from '../../commands';
import { formatName } from '../../dicom/format';
import { Failure } from '../../ui/Notice';
import { useCommands } from '../../ui/useCommands';
import { ImageStage } from '../../viewport/ImageStage';
import { LIST_SEARCH_KEY } from '../list/StudyListPage';
import { useStudy } from '../queries';
import { SendDialog } from '../send/SendDialog';
import { AttributeDrawer } from './AttributeDrawer';
import { DeleteDialog } from './DeleteDialog';
import {
  activate,
  type Cell,
  enlarge,
  layOut,
  MAX_COLUMNS,
  MAX_ROWS,
  placeImage,
  placeSeries,
} from './grid';
import { SeriesRail } from './SeriesRail';
import classes from './Study.module.css';
import { StudyActions } from './StudyActions';
import { StudyCell } from './StudyCell';
import { StudyHeader } from './StudyHeader';
import { firstToShow } from './series';
import { useGrid } from './useGrid';

/** One study: who and what it is, its series, and the images of the one that is chosen. */
export default function StudyPage() {
  const { studyInstanceUid = '' } = useParams();
  const [search] = useSearchParams();
  const key = search.get('patient');
  const patientKey = key && /^\d+$/.test(key) ? Number(key) : undefined;
  const { data: study, error, refetch } = useStudy(studyInstanceUid, patientKey);
  if (error && !study) {
    return (
      <Failure title="The study could not be opened" error={error} onRetry={() => void refetch()} />
    );
  }
  if (!study) {
    return (
      <Center h="100%">
        <Loader color="signal" aria-label="Reading the study" />
      </Center>
    );
  }
  return <OpenStudy key={`${study.StudyInstanceUID} ${study.patient_key}`} study={study} />;
}

function OpenStudy({ study }: { study: StudyDetail }) {
  const navigate = useNavigate();
  const [isRailShown, setRailShown] = useState(true);
  const [hasAttributes, setAttributes] = useState(false);
  const [isSending, setSending] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const [instance, setInstance] = useState<{ series: string; sop: string | undefined }>();
  const { grid, isPhone, change } = useGrid();
  const seriesOf = (cell: Cell | undefined): Series | undefined => {
    const found = study.series.find((one) => one.SeriesInstanceUID === cell?.seriesInstanceUid);
    return found ?? (grid.cells.length === 1 ? firstToShow(study.series) : undefined);
  };
  const chosen = seriesOf(grid.cells[grid.active]);
  const sopInstanceUid = instance?.series === chosen?.SeriesInstanceUID ? instance?.sop : undefined;
  const choose = (series: Series, place = grid.active) =>
    change((before) => placeSeries(before, place, series.SeriesInstanceUID));
  const move = (steps: number) => {
    const next = study.series[(chosen ? study.series.indexOf(chosen) : -1) + steps];
    if (next) choose(next);
  };
  const arrange = (rows: number, columns: number) => {
    const next = study.series.filter((one) => one.is_image).map((one) => one.SeriesInstanceUID);
    change((before) => {
      // What a single cell shows of itself is put there, so that it stays when others come beside it.
      const pinned = chosen && placeSeries(before, before.active, chosen.SeriesInstanceUID);
      return layOut(pinned ?? before, rows, columns, next);
    });
  };
  const enlargeOrBack = () => change((before) => enlarge(before, !before.isEnlarged));
  const fileUrl =
    chosen && sopInstanceUid
      ? instanceFileUrl(study.StudyInstanceUID, chosen.SeriesInstanceUID, sopInstanceUid)
      : undefined;

  const goBack = () => void navigate(`/?${sessionStorage.getItem(LIST_SEARCH_KEY) ?? ''}`);
  useCommands({
    'study.back': goBack,
    'study.next-series': () => move(1),
    'study.previous-series': () => move(-1),
    'study.toggle-series': () => setRailShown((shown) => !shown),
    'study.toggle-attributes': () => setAttributes((shown) => !shown),
    'study.send': () => setSending(true),
    'study.delete': () => setDeleting(true),
    'study.download': () => download(studyArchiveUrl(study.StudyInstanceUID)),
    ...(chosen
      ? {
          'study.download-series': () =>
            download(seriesArchiveUrl(study.StudyInstanceUID, chosen.SeriesInstanceUID)),
        }
      : {}),
    ...layoutCommands(isPhone, arrange),
    ...(grid.cells.length > 1
      ? {
          'layout.next-cell': () => change((before) => activate(before, before.active + 1)),
          'layout.previous-cell': () => change((before) => activate(before, before.active - 1)),
          'layout.enlarge': enlargeOrBack,
        }
      : {}),
    ...(fileUrl ? { 'study.download-instance': () => download(fileUrl) } : {}),
  });

  useEffect(() => {
    document.title = `${formatName(study.PatientName) || 'No name'} · Hounsfield`;
  }, [study.PatientName]);

  return (
    <div className={classes.page} data-testid="study-page">
      <StudyHeader study={study} />
      <div className={classes.body}>
        {isRailShown ? (
          <SeriesRail
            study={study}
            chosen={chosen}
            shown={grid.cells.flatMap((cell) => seriesOf(cell) ?? [])}
            onChoose={choose}
          />
        ) : null}
        <div className={classes.images}>
          <ImageStage
            rows={grid.rows}
            columns={grid.columns}
            maxRows={isPhone ? 2 : MAX_ROWS}
            maxColumns={isPhone ? 1 : MAX_COLUMNS}
            isEnlarged={grid.isEnlarged}
            onLayout={arrange}
            modality={chosen?.Modality ?? ''}
            actions={<StudyActions />}
          >
            {grid.cells.map((cell, place) => (
              <StudyCell
                // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                key={place}
                study={study}
                series={seriesOf(cell)}
                place={place}
                count={grid.cells.length}
                initialIndex={cell.image}
                isActive={place === grid.active}
                isHidden={grid.isEnlarged && place !== grid.active}
                onActivate={() => change((before) => activate(before, place))}
                onEnlarge={enlargeOrBack}
                onImage={(index, uid) => change((before) => placeImage(before, place, uid, index))}
                onInstance={(series, sop) => setInstance({ series, sop })}
                onDrop={(uid) => change((before) => placeSeries(before, place, uid))}
              />
            ))}
          </ImageStage>
        </div>
      </div>
      <SendDialog
        study={isSending ? study : undefined}
        series={study.series.length > 1 ? chosen : undefined}
        onClose={() => setSending(false)}
      />
      <DeleteDialog
        study={study}
        opened={isDeleting}
        onClose={() => setDeleting(false)}
        onDeleted={goBack}
      />
      {chosen && sopInstanceUid ? (
        <AttributeDrawer
          opened={hasAttributes}
          onClose={() => setAttributes(false)}
          studyInstanceUid={study.StudyInstanceUID}
          seriesInstanceUid={chosen.SeriesInstanceUID}
          sopInstanceUid={sopInstanceUid}
        />
      ) : null}
    </div>
  );
}

const LAYOUTS = ['1x1', '1x2', '2x1', '2x2', '2x3', '3x3'] as const;

/** The usual layouts by name; a phone has room for one cell or two one above the other. */
function layoutCommands(
  isPhone: boolean,
  arrange: (rows: number, columns: number) => void,
): CommandHandlers {
  const possible = LAYOUTS.filter((name) => !isPhone || name === '1x1' || name === '2x1');
  return Object.fromEntries(
    possible.map((name) => {
      const [rows = 1, columns = 1] = name.split('x').map(Number);
      return [`layout.${name}`, () => arrange(rows, columns)];
    }),
  );
}

/** Have the browser save what is under a URL; the answer's headers give its name. */
function download(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
