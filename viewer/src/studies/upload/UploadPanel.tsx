import { ActionIcon, Badge, Button, Group, Progress, SegmentedControl, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCheck,
  IconChevronDown,
  IconChevronUp,
  IconCircleMinus,
  IconClock,
  IconX,
} from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import { counted, formatBytes } from '../../ui/bytes';
import classes from './Upload.module.css';
import type { Problem, UploadItem, UploadSummary } from './UploadQueue';
import { useUploadSummary, useUploads } from './uploads';

/** What is being uploaded and what became of it; stays until it is dismissed. */
export function UploadPanel() {
  const uploads = useUploads();
  const summary = useUploadSummary();
  const [isOpen, setIsOpen] = useState(true);
  const [view, setView] = useState<'files' | 'problems'>('files');
  const hasAnything = summary.files > 0 || summary.isWalking || summary.problems.length > 0;
  if (!hasAnything) return null;

  const percent = summary.totalBytes > 0 ? (100 * summary.sentBytes) / summary.totalBytes : 0;
  const failed = summary.counts.failed > 0 || summary.cancelled > 0;
  const canRetry = !summary.isActive && summary.items.some(isUnsent);
  return (
    <section className={classes.panel} aria-label="Uploads" data-testid="upload-panel">
      <Group justify="space-between" wrap="nowrap" gap="xs" px="md" pt={12}>
        <Text fw={600} size="sm" aria-live="polite" data-testid="upload-title">
          {titleOf(summary)}
        </Text>
        <Group gap={2} wrap="nowrap">
          <ActionIcon
            onClick={() => setIsOpen(!isOpen)}
            aria-label={isOpen ? 'Show less' : 'Show more'}
          >
            {isOpen ? <IconChevronDown size={18} /> : <IconChevronUp size={18} />}
          </ActionIcon>
          {summary.isActive ? null : (
            <ActionIcon
              onClick={() => uploads.clear()}
              aria-label="Dismiss"
              data-testid="upload-dismiss"
            >
              <IconX size={18} />
            </ActionIcon>
          )}
        </Group>
      </Group>
      <div className={classes.total}>
        <Progress
          value={percent}
          size="sm"
          color={failed && !summary.isActive ? 'orange' : 'signal'}
          animated={summary.isActive}
          aria-label="Total progress"
        />
        <Group justify="space-between" gap="xs" mt={6}>
          <Text className={classes.quiet}>
            {formatBytes(summary.sentBytes)} of {formatBytes(summary.totalBytes)}
          </Text>
          <Text className={classes.quiet}>{paceOf(summary)}</Text>
        </Group>
        <Counts summary={summary} />
      </div>
      {isOpen ? (
        <>
          {summary.problems.length > 0 ? (
            <SegmentedControl
              size="xs"
              mx="md"
              value={view}
              onChange={(value) => setView(value as typeof view)}
              data={[
                { value: 'files', label: counted(summary.files, 'file') },
                { value: 'problems', label: `${summary.problems.length} not stored` },
              ]}
            />
          ) : null}
          {view === 'problems' && summary.problems.length > 0 ? (
            <Rows
              key="problems"
              count={summary.problems.length}
              rowHeight={62}
              testId="upload-problems"
            >
              {(index) => <ProblemRow problem={summary.problems[index]} />}
            </Rows>
          ) : (
            <Rows key="files" count={summary.files} testId="upload-files">
              {(index) => <FileRow item={summary.items[index]} />}
            </Rows>
          )}
        </>
      ) : null}
      {summary.isActive || canRetry ? (
        <Group px="md" pb={12} pt={4} gap="xs">
          {summary.isActive ? (
            <Button
              size="xs"
              variant="default"
              onClick={() => uploads.cancel()}
              data-testid="upload-cancel"
            >
              Cancel
            </Button>
          ) : null}
          {canRetry ? (
            <Button size="xs" onClick={() => uploads.retryFailed()} data-testid="upload-retry">
              Try again what was not sent
            </Button>
          ) : null}
        </Group>
      ) : null}
    </section>
  );
}

const isUnsent = (item: UploadItem): boolean =>
  item.state === 'failed' || item.state === 'cancelled';

function titleOf(summary: UploadSummary): string {
  if (summary.isWalking && summary.files === 0) return 'Looking for files…';
  if (summary.isActive) {
    const more = summary.isWalking ? ', looking for more' : '';
    return `Uploading ${summary.finishedFiles} of ${counted(summary.files, 'file')}${more}`;
  }
  if (summary.cancelled > 0)
    return `Upload cancelled, ${counted(summary.cancelled, 'file')} not sent`;
  return summary.counts.failed > 0 ? 'Upload finished with failures' : 'Upload finished';
}

function paceOf({ isActive, bytesPerSecond, totalBytes, sentBytes }: UploadSummary): string {
  if (!isActive || bytesPerSecond < 1) return '';
  const seconds = Math.ceil((totalBytes - sentBytes) / bytesPerSecond);
  const left = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `${formatBytes(bytesPerSecond)}/s · ${left} left`;
}

function Counts({ summary: { counts } }: { summary: UploadSummary }) {
  const shown: [number, string, string][] = [
    [counts.stored, 'stored', 'teal'],
    [counts.duplicate, 'already there', 'gray'],
    [counts.version, 'other version', 'grape'],
    [counts.skipped, 'skipped', 'yellow'],
    [counts.failed, 'failed', 'red'],
  ];
  const present = shown.filter(([count]) => count > 0);
  if (present.length === 0) return null;
  return (
    <Group gap={6} mt={8} data-testid="upload-counts">
      {present.map(([count, label, color]) => (
        <Badge key={label} size="sm" radius="sm" variant="light" color={color} tt="none">
          {count} {label}
        </Badge>
      ))}
    </Group>
  );
}

interface RowsProps {
  count: number;
  rowHeight?: number;
  testId: string;
  children: (index: number) => React.ReactNode;
}

/** Only the rows in sight are drawn, so that ten thousand files cost no more than ten. */
function Rows({ count, rowHeight = 44, testId, children }: RowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
    <div className={classes.rows} ref={box} data-testid={testId} tabIndex={0}>
      <ul
        style={{
          height: rows.getTotalSize(),
          position: 'relative',
          margin: 0,
          padding: 0,
          listStyle: 'none',
        }}
      >
        {rows.getVirtualItems().map(({ index, start, size }) => (
          <li
            key={index}
            className={classes.row}
            style={{ height: size, transform: `translateY(${start}px)` }}
          >
            {children(index)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function FileRow({ item }: { item: UploadItem | undefined }) {
  if (!item) return null;
  const note =
    item.state === 'sending'
      ? `${Math.floor((100 * item.sentBytes) / Math.max(1, item.file.size))} %`
      : noteOf(item);
  return (
    <>
      <StateIcon item={item} />
      <div className={classes.words}>
        <Text size="xs" truncate title={item.path}>
          {item.path}
        </Text>
        {item.state === 'sending' ? (
          <Progress
            value={(100 * item.sentBytes) / Math.max(1, item.file.size)}
            size={3}
            aria-label={`Progress of ${item.path}`}
          />
        ) : (
          <Text className={classes.quiet} truncate title={item.reason}>
            {item.reason || note}
          </Text>
        )}
      </div>
      <Text className={classes.quiet}>{formatBytes(item.file.size)}</Text>
    </>
  );
}

function noteOf({ state, results }: UploadItem): string {
  if (state === 'waiting') return 'waiting';
  if (state === 'cancelled') return 'cancelled';
  const words: Record<string, string> = {
    stored: 'stored',
    duplicate: 'already there',
    version: 'kept as another version',
    skipped: 'skipped',
    failed: 'failed',
  };
  const single = results.length === 1 ? results[0] : undefined;
  if (single) {
    const reason = single.reason ? `: ${single.reason}` : '';
    return `${words[single.outcome] ?? single.outcome}${reason}`;
  }
  const counts = new Map<string, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} ${words[outcome] ?? outcome}`).join(', ');
}

function StateIcon({ item }: { item: UploadItem }) {
  const outcomes = new Set<string>(item.results.map((result) => result.outcome));
  if (item.state === 'failed' || outcomes.has('failed')) {
    return <IconAlertTriangle size={16} color="var(--mantine-color-red-6)" aria-label="failed" />;
  }
  if (item.state === 'waiting' || item.state === 'sending') {
    return <IconClock size={16} color="var(--quiet)" aria-label={item.state} />;
  }
  if (item.state === 'cancelled' || outcomes.has('skipped')) {
    return <IconCircleMinus size={16} color="var(--quiet)" aria-label="not stored" />;
  }
  return <IconCheck size={16} color="var(--mantine-color-teal-6)" aria-label="done" />;
}

function ProblemRow({ problem }: { problem: Problem | undefined }) {
  if (!problem) return null;
  return (
    <>
      {problem.outcome === 'failed' ? (
        <IconAlertTriangle size={16} color="var(--mantine-color-red-6)" aria-label="failed" />
      ) : (
        <IconCircleMinus size={16} color="var(--quiet)" aria-label="skipped" />
      )}
      <div className={classes.words}>
        <Text size="xs" truncate title={problem.name}>
          {problem.name}
        </Text>
        <Text className={classes.reason} lineClamp={2} title={problem.reason}>
          {problem.reason || problem.outcome}
        </Text>
      </div>
    </>
  );
}
