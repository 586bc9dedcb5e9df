import { Button, Group, Loader, Pagination, Select, Skeleton, Stack } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconSearchOff } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { Study } from '../../api/client';
import { counted, formatBytes, formatCount } from '../../ui/bytes';
import { Failure, Notice } from '../../ui/Notice';
import { useCommands } from '../../ui/useCommands';
import { useStudies, useTotals } from '../queries';
import { SendDialog } from '../send/SendDialog';
import { DropArea } from '../upload/DropArea';
import { EmptyArchive } from './EmptyArchive';
import { FilterBar } from './FilterBar';
import {
  type Filters,
  formatFilters,
  isFiltered,
  NO_FILTERS,
  PAGE_SIZES,
  parseFilters,
  queryOf,
} from './filters';
import { StudyCards } from './StudyCards';
import classes from './StudyList.module.css';
import { StudyTable } from './StudyTable';

export const LIST_SEARCH_KEY = 'hounsfield.list';

export const studyPath = (study: Study): string =>
  `/studies/${study.StudyInstanceUID}${study.identity_conflict ? `?patient=${study.patient_key}` : ''}`;

export function StudyListPage() {
  const [search, setSearch] = useSearchParams();
  const filters = parseFilters(search);
  const navigate = useNavigate();
  const [selected, setSelected] = useState(-1);
  const [toSend, setToSend] = useState<Study>();
  const { data, error, isPending, isFetching, isPlaceholderData, refetch } = useStudies(
    queryOf(filters),
  );
  const studies = data?.studies ?? [];
  const pages = Math.max(1, Math.ceil((data?.total ?? 0) / filters.pageSize));

  useEffect(() => {
    document.title = 'Studies · Hounsfield';
  }, []);

  useEffect(() => {
    sessionStorage.setItem(LIST_SEARCH_KEY, search.toString());
  }, [search]);

  const setFilters = (changes: Partial<Filters>, replace = false) => {
    setSelected(-1);
    setSearch(formatFilters({ ...filters, page: 1, ...changes }), { replace });
  };
  const clear = () => setFilters({ ...NO_FILTERS, sort: filters.sort, pageSize: filters.pageSize });
  const open = (study: Study | undefined) => {
    if (study) void navigate(studyPath(study));
  };
  const move = (steps: number) => {
    if (studies.length === 0) return;
    const next = Math.max(0, Math.min(studies.length - 1, selected < 0 ? 0 : selected + steps));
    setSelected(next);
    document.querySelectorAll<HTMLElement>('[data-testid="study-row"]')[next]?.focus();
  };
  const turn = (by: number) => {
    const page = Math.max(1, Math.min(pages, filters.page + by));
    if (page !== filters.page) setFilters({ page });
  };

  useCommands({
    'list.next': () => move(1),
    'list.previous': () => move(-1),
    'list.open': () => open(studies[selected]),
    ...(studies[selected] ? { 'study.send': () => setToSend(studies[selected]) } : {}),
    'list.next-page': () => turn(1),
    'list.previous-page': () => turn(-1),
    'list.clear-filters': clear,
    'list.refresh': () => void refetch(),
  });

  const isPastEnd = data !== undefined && studies.length === 0 && data.total > 0;
  useEffect(() => {
    if (isPastEnd && !isPlaceholderData) {
      setSearch(formatFilters({ ...filters, page: pages }), { replace: true });
    }
  }, [isPastEnd, isPlaceholderData, pages, filters, setSearch]);

  return (
    <DropArea>
      <div className={classes.page} data-testid="study-list">
        <FilterBar
          filters={filters}
          onChange={(changes) => setFilters(changes, true)}
          onClear={clear}
        />
        <div className={classes.body} aria-busy={isFetching}>
          {isPending ? <Waiting /> : null}
          {error && !data ? (
            <Failure
              title="The study list could not be read"
              error={error}
              onRetry={() => void refetch()}
            />
          ) : null}
          {data && studies.length > 0 ? (
            <Studies
              studies={studies}
              selected={selected}
              onSelect={setSelected}
              onOpen={open}
              onSend={setToSend}
              hrefOf={studyPath}
              sort={filters.sort}
              onSort={(sort) => setFilters({ sort })}
            />
          ) : null}
          {data && data.total === 0 ? (
            isFiltered(filters) ? (
              <NoMatch onClear={clear} />
            ) : (
              <EmptyArchive />
            )
          ) : null}
        </div>
        <Footer
          total={data?.total}
          isExact={data?.total_is_exact ?? true}
          filters={filters}
          pages={pages}
          isFetching={isFetching}
          onChange={setFilters}
        />
      </div>
      <SendDialog study={toSend} onClose={() => setToSend(undefined)} />
    </DropArea>
  );
}

function Studies(props: React.ComponentProps<typeof StudyTable>) {
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  return isNarrow ? <StudyCards {...props} /> : <StudyTable {...props} />;
}

function Waiting() {
  return (
    <Stack gap={10} p="md" data-testid="list-waiting">
      {Array.from({ length: 9 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <Skeleton key={index} height={40} />
      ))}
    </Stack>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  return (
    <Notice
      icon={<IconSearchOff size={28} />}
      title="No study matches"
      testId="no-match"
      actions={<Button onClick={onClear}>Clear the filters</Button>}
    >
      Every word of the search must occur in the name, the patient ID, the accession number or the
      description, and the filters must fit too.
    </Notice>
  );
}

interface FooterProps {
  total: number | undefined;
  isExact: boolean;
  filters: Filters;
  pages: number;
  isFetching: boolean;
  onChange: (changes: Partial<Filters>) => void;
}

function Footer({ total, isExact, filters, pages, isFetching, onChange }: FooterProps) {
  const { data: totals } = useTotals();
  return (
    <footer className={classes.footer}>
      <Group gap={10}>
        <span data-testid="total" aria-live="polite">
          {total === undefined
            ? ''
            : `${isExact ? '' : 'more than '}${counted(total, 'study', 'studies')}${isFiltered(filters) ? ' found' : ''}`}
        </span>
        {isFetching ? <Loader size={12} aria-label="Reading" /> : null}
      </Group>
      {pages > 1 ? (
        <Pagination
          size="sm"
          total={pages}
          value={filters.page}
          onChange={(page) => onChange({ page })}
          siblings={1}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
        />
      ) : null}
      <Group gap={16} visibleFrom="xs">
        {totals ? (
          <span data-testid="totals">
            {counted(totals.instances, 'image')} · {formatBytes(totals.size_bytes)} stored ·{' '}
            {formatBytes(totals.free_bytes)} free
          </span>
        ) : null}
        <Select
          size="xs"
          w={104}
          aria-label="Studies a page"
          allowDeselect={false}
          value={String(filters.pageSize)}
          data={PAGE_SIZES.map((size) => ({
            value: String(size),
            label: `${formatCount(size)} a page`,
          }))}
          onChange={(size) => onChange({ pageSize: Number(size) })}
        />
      </Group>
    </footer>
  );
}
