import { Button, Center, Loader, Menu } from '@mantine/core';
import {
  IconDownload,
  IconFileDownload,
  IconFileUnknown,
  IconFolderDown,
  IconListDetails,
  IconPhotoOff,
  IconSend,
  IconTrash,
} from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import {
  instanceFileUrl,
  type Series,
  type StudyDetail,
  seriesArchiveUrl,
  studyArchiveUrl,
} from '../../api/client';
import { COMMANDS, type CommandName, commands } from '../../commands';
import { formatDate, formatName } from '../../dicom/format';
import { imagesOf, type SeriesImage, sortImages, whyNotShown } from '../../dicom/images';
import { text } from '../../dicom/json';
import { Tag } from '../../dicom/tags';
import { CommandButton } from '../../ui/CommandButton';
import { Failure, Notice } from '../../ui/Notice';
import { useCommands, useIsAvailable } from '../../ui/useCommands';
import { ImageView } from '../../viewport/ImageView';
import { LIST_SEARCH_KEY } from '../list/StudyListPage';
import { useSeriesMetadata, useStudy } from '../queries';
import { SendDialog } from '../send/SendDialog';
import { AttributeDrawer } from './AttributeDrawer';
import { DeleteDialog } from './DeleteDialog';
import { SeriesRail } from './SeriesRail';
import classes from './Study.module.css';
import { StudyHeader } from './StudyHeader';
import { describeSeries, firstToShow, textsOf } from './series';
import { indexInUrl, useImageInUrl } from './useImageInUrl';
import { useThrottledCount } from './useThrottledCount';

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
  const [search, setSearch] = useSearchParams();
  const [isRailShown, setRailShown] = useState(true);
  const [hasAttributes, setAttributes] = useState(false);
  const [isSending, setSending] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const [asked, setAsked] = useState<AskedImage>();
  const chosen =
    study.series.find((one) => one.SeriesInstanceUID === search.get('series')) ??
    firstToShow(study.series);

  const choose = useCallback(
    (series: Series) =>
      setSearch(
        (previous) => {
          const next = new URLSearchParams(previous);
          next.set('series', series.SeriesInstanceUID);
          next.delete('image');
          return next;
        },
        { replace: true },
      ),
    [setSearch],
  );
  const move = (steps: number) => {
    const next = chosen && study.series[study.series.indexOf(chosen) + steps];
    if (next) choose(next);
  };
  const seriesInstanceUid = chosen?.SeriesInstanceUID ?? '';
  const metadata = useSeriesMetadata(
    study.StudyInstanceUID,
    seriesInstanceUid,
    useThrottledCount(seriesInstanceUid, chosen?.NumberOfSeriesRelatedInstances ?? 0),
    chosen !== undefined,
  );
  const stack = useMemo(() => {
    if (!seriesInstanceUid || !metadata.data) return undefined;
    const ordered = sortImages(imagesOf(metadata.data));
    if (ordered.images.length === 0) return undefined;
    return {
      studyInstanceUid: study.StudyInstanceUID,
      seriesInstanceUid,
      ...ordered,
    };
  }, [seriesInstanceUid, metadata.data, study.StudyInstanceUID]);
  const image = asked?.seriesInstanceUid === seriesInstanceUid ? asked.image : undefined;
  const instance = image ?? firstInstance(metadata.data?.[0]);
  const fileUrl = instance && chosen ? urlOf(study, chosen, instance.sopInstanceUid) : undefined;

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
    ...(fileUrl ? { 'study.download-instance': () => download(fileUrl) } : {}),
  });

  useEffect(() => {
    document.title = `${formatName(study.PatientName) || 'No name'} · Hounsfield`;
  }, [study.PatientName]);
  useImageInUrl(asked?.seriesInstanceUid === seriesInstanceUid ? asked.index : undefined);

  return (
    <div className={classes.page} data-testid="study-page">
      <StudyHeader study={study} />
      <div className={classes.body}>
        {isRailShown ? <SeriesRail study={study} chosen={chosen} onChoose={choose} /> : null}
        <div className={classes.images}>
          <ImageView
            series={stack}
            modality={chosen?.Modality ?? ''}
            texts={textsOf(study, chosen)}
            initialIndex={indexInUrl(search)}
            onImage={(one, index, ofSeries) =>
              setAsked({ image: one, index, seriesInstanceUid: ofSeries })
            }
            fileUrlOf={(one) => (chosen ? urlOf(study, chosen, one.sopInstanceUid) : '')}
            actions={<Actions />}
            cover={coverOf(
              {
                study,
                series: chosen,
                reason: metadata.data && !stack ? reasonOf(metadata.data) : undefined,
                fileUrl,
                error: metadata.data ? undefined : metadata.error,
              },
              () => void metadata.refetch(),
            )}
          />
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
      {chosen && instance ? (
        <AttributeDrawer
          opened={hasAttributes}
          onClose={() => setAttributes(false)}
          studyInstanceUid={study.StudyInstanceUID}
          seriesInstanceUid={chosen.SeriesInstanceUID}
          sopInstanceUid={instance.sopInstanceUid}
        />
      ) : null}
    </div>
  );
}

interface AskedImage {
  image: SeriesImage | undefined;
  index: number;
  seriesInstanceUid: string;
}

function Actions() {
  return (
    <>
      <CommandButton command="study.toggle-attributes" icon={<IconListDetails size={20} />} />
      <CommandButton command="study.send" icon={<IconSend size={19} />} />
      <CommandButton command="study.delete" icon={<IconTrash size={19} />} />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            px={8}
            h={36}
            leftSection={<IconDownload size={18} />}
            data-testid="download-menu"
          >
            Download
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <DownloadItem command="study.download" icon={<IconFolderDown size={16} />} />
          <DownloadItem command="study.download-series" icon={<IconFolderDown size={16} />} />
          <DownloadItem command="study.download-instance" icon={<IconFileDownload size={16} />} />
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

interface DownloadItemProps {
  command: CommandName;
  icon: React.ReactNode;
}

function DownloadItem({ command, icon }: DownloadItemProps) {
  const isAvailable = useIsAvailable(command);
  return (
    <Menu.Item
      leftSection={icon}
      disabled={!isAvailable}
      onClick={() => commands.run(command)}
      data-command={command}
    >
      {COMMANDS[command].title}
    </Menu.Item>
  );
}

interface CoverProps {
  study: StudyDetail;
  series: Series | undefined;
  /** Why the chosen series has no picture; undefined while it has one or is being read. */
  reason: string | undefined;
  fileUrl: string | undefined;
  error: unknown;
}

/** What stands in the image's place when there is none; undefined while there is one or it is being read. */
function coverOf(
  { study, series, reason, fileUrl, error }: CoverProps,
  onRetry: () => void,
): React.ReactNode {
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

function reasonOf(datasets: Parameters<typeof imagesOf>[0]): string {
  const first = datasets[0];
  return (first ? whyNotShown(first) : undefined) ?? 'This series has no image';
}

function firstInstance(dataset: Parameters<typeof imagesOf>[0][number] | undefined) {
  return dataset ? { sopInstanceUid: text(dataset, Tag.SOPInstanceUID) } : undefined;
}

const urlOf = (study: StudyDetail, series: Series, sopInstanceUid: string): string =>
  instanceFileUrl(study.StudyInstanceUID, series.SeriesInstanceUID, sopInstanceUid);

/** Have the browser save what is under a URL; the answer's headers give its name. */
function download(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
