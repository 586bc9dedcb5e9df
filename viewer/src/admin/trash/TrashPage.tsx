import { Button, Group, Pagination } from '@mantine/core';
import { IconArrowBackUp, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Deletion } from '../../api/trash';
import { Ago } from '../../ui/Ago';
import { counted, formatBytes } from '../../ui/bytes';
import { Confirm } from '../../ui/Confirm';
import { DataTable, type TableColumn } from '../../ui/DataTable';
import { Failure, Notice } from '../../ui/Notice';
import { Page } from '../../ui/Page';
import { useCommands } from '../../ui/useCommands';
import { useLast } from '../../ui/useLast';
import { Waiting } from '../../ui/Waiting';
import { useTrash, useTrashActions } from './queries';

const microseconds = (time: string): number => Date.parse(time) * 1000;

/** What was deleted and can still be brought back. */
export default function TrashPage() {
  const [page, setPage] = useState(1);
  const [asked, setAsked] = useState<Deletion>();
  const { data, error, isPending, refetch } = useTrash(page);
  const actions = useTrashActions();
  const shown = useLast(asked);

  useCommands({ 'page.refresh': () => void refetch() });

  const columns: TableColumn<Deletion>[] = [
    { title: 'What', cell: (one) => wordsFor(one), card: 'title' },
    {
      title: 'Size',
      cell: (one) => `${counted(one.number_of_instances, 'image')}, ${formatBytes(one.size_bytes)}`,
      from: 'wide',
    },
    { title: 'Deleted', cell: (one) => <Ago time_us={microseconds(one.deleted_at)} /> },
    { title: 'By', cell: (one) => one.deleted_by, from: 'widest' },
    { title: 'Reason', cell: (one) => one.reason, from: 'wide' },
    { title: 'Goes for good', cell: (one) => <Ago time_us={microseconds(one.removed_at)} /> },
    {
      title: 'Actions',
      head: <span />,
      card: 'plain',
      align: 'right',
      cell: (one) =>
        one.state === 'restoring' ? (
          'Coming back…'
        ) : (
          <Group gap="xs" justify="flex-end" wrap="nowrap">
            <Button
              size="compact-sm"
              variant="light"
              leftSection={<IconArrowBackUp size={15} />}
              onClick={() => actions.restore(one)}
              data-testid="restore"
            >
              Bring back
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => setAsked(one)}
              data-testid="remove-for-good"
            >
              Remove for good
            </Button>
          </Group>
        ),
    },
  ];
  const pages = data ? Math.ceil(data.total / data.page_size) : 1;
  return (
    <Page
      title="Trash"
      about={
        data
          ? `What was deleted can be brought back for ${counted(data.keeps_days, 'day')}; then it goes for good.`
          : undefined
      }
      testId="trash-page"
      footer={
        pages > 1 ? (
          <Pagination value={page} onChange={setPage} total={pages} size="sm" />
        ) : undefined
      }
    >
      {isPending ? <Waiting rows={3} height={48} /> : null}
      {error && !data ? (
        <Failure title="The trash could not be read" error={error} onRetry={() => void refetch()} />
      ) : null}
      {data?.total === 0 ? (
        <Notice icon={<IconTrash size={28} />} title="The trash is empty" testId="no-deletions">
          Studies are deleted on their own page.
        </Notice>
      ) : null}
      {data && data.total > 0 ? (
        <DataTable
          label="What was deleted"
          rows={data.deletions}
          columns={columns}
          keyOf={(one) => one.uid}
          testId="deletions"
        />
      ) : null}
      <Confirm
        opened={asked !== undefined}
        title="Remove for good?"
        action="Remove for good"
        isDangerous
        onConfirm={() => {
          if (asked) actions.removeForGood(asked);
          setAsked(undefined);
        }}
        onClose={() => setAsked(undefined)}
      >
        {shown ? `${wordsFor(shown)}: nothing brings it back after that.` : null}
      </Confirm>
    </Page>
  );
}

/** "Doe, Jane · P1 · CT head", or that it was a part of that. */
function wordsFor(one: Deletion): string {
  const of: Record<string, string> = { series: 'A series of ', instance: 'An image of ' };
  return `${of[one.level] ?? ''}${one.description}`;
}
