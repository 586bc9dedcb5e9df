import { Button, Group, Pagination, SegmentedControl, Select } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useMediaQuery } from '@mantine/hooks';
import { IconCalendarOff, IconPlus, IconSearchOff } from '@tabler/icons-react';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { ORDER_STATUSES, type Order } from '../api/orders';
import { commands } from '../commands';
import { counted } from '../ui/bytes';
import { Failure, Notice } from '../ui/Notice';
import { Page } from '../ui/Page';
import { SearchInput } from '../ui/SearchInput';
import { useCommands } from '../ui/useCommands';
import { Waiting } from '../ui/Waiting';
import { ScannerButton, ScannerSettings } from './AtTheScanner';
import { Attention } from './Attention';
import {
  DAYS,
  type Day,
  type Filters,
  formatFilters,
  isFiltered,
  NO_FILTERS,
  PAGE_SIZE,
  parseFilters,
  queryOf,
  shiftDay,
} from './filters';
import { MODALITIES } from './modalities';
import { OrderDetail } from './OrderDetail';
import { type Drafted, OrderForm } from './OrderForm';
import classes from './Orders.module.css';
import { OrderTable } from './OrderTable';
import { useAttention, useMoveOrder, useOrders, useStations } from './queries';
import { Unscheduled } from './Unscheduled';
import { byTime, isAhead } from './words';

/** What the scanners are to do, day by day, and how far each of it is. */
export default function WorklistPage() {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const filters = parseFilters(search);
  const query = queryOf(filters);
  const hasDays = filters.day === 'week' || filters.day === 'any';
  const [form, setForm] = useState<Drafted>();
  const [focusedId, setFocusedId] = useState('');
  const { data, error, isPending, refetch } = useOrders(query);
  const { data: attention = [] } = useAttention();
  const move = useMoveOrder();
  const orders = [...(data?.orders ?? [])].sort(byTime);
  const openedId = search.get('order') ?? undefined;
  const byId = (id: string | undefined) =>
    [...orders, ...attention].find((order) => String(order.id) === id);
  const current = byId(openedId) ?? byId(focusedId);

  const setFilters = (changes: Partial<Filters>) =>
    setSearch(formatFilters({ ...filters, page: 1, ...changes }), { replace: true });
  const open = (order: Order | undefined) =>
    setSearch((previous) => {
      const next = new URLSearchParams(previous);
      if (order) next.set('order', String(order.id));
      else next.delete('order');
      return next;
    });
  const step = (by: number) => {
    const rows = [...document.querySelectorAll<HTMLElement>('[data-testid="orders"] [data-opens]')];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
  };
  const edit = (order: Order) => {
    open(undefined);
    setForm(order);
  };

  useCommands({
    'page.new': () => setForm('new'),
    'page.refresh': () => void refetch(),
    'worklist.next': () => step(1),
    'worklist.previous': () => step(-1),
    'worklist.day-before': () => setFilters(shiftDay(filters, -1)),
    'worklist.day-after': () => setFilters(shiftDay(filters, 1)),
    'worklist.today': () => setFilters({ day: 'today', date: '' }),
    'worklist.clear-filters': () => setFilters({ ...NO_FILTERS, day: filters.day }),
    ...(current ? { 'worklist.open': () => open(current) } : {}),
    ...(current?.status === 'scheduled'
      ? { 'worklist.mark-arrived': () => move(current, 'arrived') }
      : {}),
    ...(current && isAhead(current)
      ? {
          'worklist.edit-order': () => edit(current),
          'worklist.cancel-order': () => move(current, 'cancelled'),
        }
      : {}),
    ...(current?.received_instances
      ? { 'worklist.open-study': () => void navigate(`/studies/${current.StudyInstanceUID}`) }
      : {}),
  });

  return (
    <Page
      title="Worklist"
      about="What the scanners are to do. They ask for their part by themselves, and report how far they are."
      testId="worklist"
      actions={
        <>
          <ScannerButton />
          <Button
            leftSection={<IconPlus size={17} />}
            onClick={() => commands.run('page.new')}
            data-testid="new-order"
          >
            New order
          </Button>
        </>
      }
      bar={<FilterBar filters={filters} onChange={setFilters} />}
      footer={
        data?.total ? <Footer total={data.total} filters={filters} onChange={setFilters} /> : null
      }
    >
      <Attention orders={attention} onOpen={open} />
      {isPending ? <Waiting /> : null}
      {error && !data ? (
        <Failure
          title="The worklist could not be read"
          error={error}
          onRetry={() => void refetch()}
        />
      ) : null}
      {orders.length > 0 ? (
        // biome-ignore lint/a11y/noStaticElementInteractions: it only watches which row has the focus
        <div
          onFocus={(event) =>
            setFocusedId(event.target.closest<HTMLElement>('[data-key]')?.dataset.key ?? '')
          }
        >
          <OrderTable
            orders={orders}
            hasDays={hasDays}
            onOpen={open}
            onEdit={edit}
            onArrived={(order) => move(order, 'arrived')}
            onCancel={(order) => move(order, 'cancelled')}
          />
        </div>
      ) : null}
      {data && orders.length === 0 ? (
        <Nothing
          filters={filters}
          onClear={() => setFilters({ ...NO_FILTERS, day: filters.day, date: filters.date })}
        />
      ) : null}
      {isFiltered(filters) ? null : (
        <Unscheduled
          key={query.date}
          date={query.date ?? ''}
          hasDays={hasDays}
          onMakeOrder={setForm}
        />
      )}
      <OrderDetail
        id={openedId}
        known={byId(openedId)}
        onClose={() => open(undefined)}
        onEdit={edit}
        onMove={move}
      />
      <OrderForm order={form} onClose={() => setForm(undefined)} onSaved={() => undefined} />
    </Page>
  );
}

interface FilterBarProps {
  filters: Filters;
  onChange: (changes: Partial<Filters>) => void;
}

function FilterBar({ filters, onChange }: FilterBarProps) {
  const isNarrow = useMediaQuery('(max-width: 62em)', false, { getInitialValueInEffect: false });
  const { data: stations = [] } = useStations();
  const days = Object.entries(DAYS).map(([value, label]) => ({ value, label }));
  const setDay = (day: string | null) =>
    onChange({
      day: (day ?? 'today') as Day,
      date: day === 'day' ? dayjs().format('YYYY-MM-DD') : '',
    });
  return (
    <>
      {isNarrow ? (
        <Select
          aria-label="Day"
          className={classes.choice}
          allowDeselect={false}
          data={days}
          value={filters.day}
          onChange={setDay}
        />
      ) : (
        <SegmentedControl
          aria-label="Day"
          className={classes.days}
          data={days}
          value={filters.day}
          onChange={setDay}
          data-testid="filter-day"
        />
      )}
      {filters.day === 'day' ? (
        <DatePickerInput
          aria-label="Which day"
          className={classes.choice}
          valueFormat="ddd D MMM YYYY"
          value={filters.date || null}
          onChange={(date) => onChange({ date: date ?? '' })}
        />
      ) : null}
      <SearchInput
        label="Search the orders"
        placeholder="Name, patient ID, accession"
        value={filters.q}
        onChange={(q) => onChange({ q })}
        onDown={() => commands.run('worklist.next')}
        testId="search-orders"
      />
      <Select
        aria-label="Station"
        placeholder={isNarrow ? 'Station' : 'Any station'}
        className={classes.choice}
        clearable
        data={optionsWith(
          stations.map(({ title }) => title),
          filters.station,
        )}
        value={filters.station || null}
        onChange={(station) => onChange({ station: station ?? '' })}
      />
      <Select
        aria-label="Modality"
        placeholder={isNarrow ? 'Modality' : 'Any modality'}
        className={classes.choice}
        clearable
        data={optionsWith(MODALITIES, filters.modality)}
        value={filters.modality || null}
        onChange={(modality) => onChange({ modality: modality ?? '' })}
      />
      <Select
        aria-label="Status"
        placeholder={isNarrow ? 'Status' : 'Any status'}
        className={classes.choice}
        clearable
        data={[...ORDER_STATUSES]}
        value={filters.status || null}
        onChange={(status) => onChange({ status: status ?? '' })}
        data-testid="filter-status"
      />
      {isFiltered(filters) ? (
        <Button
          variant="subtle"
          color="gray"
          px="xs"
          onClick={() => commands.run('worklist.clear-filters')}
        >
          Clear
        </Button>
      ) : null}
    </>
  );
}

const optionsWith = (options: readonly string[], chosen: string): string[] =>
  chosen && !options.includes(chosen) ? [...options, chosen] : [...options];

function Nothing({ filters, onClear }: { filters: Filters; onClear: () => void }) {
  if (isFiltered(filters)) {
    return (
      <Notice
        icon={<IconSearchOff size={28} />}
        title="No order matches"
        testId="no-order-matches"
        actions={<Button onClick={onClear}>Clear the filters</Button>}
      >
        The search and the filters must all fit, on the day that is chosen.
      </Notice>
    );
  }
  const when: Record<Day, string> = {
    yesterday: 'Nothing was scheduled for yesterday',
    today: 'Nothing is scheduled for today',
    tomorrow: 'Nothing is scheduled for tomorrow',
    week: 'Nothing is scheduled for the next 7 days',
    any: 'No orders yet',
    day: 'Nothing is scheduled for this day',
  };
  return (
    <Notice
      icon={<IconCalendarOff size={28} />}
      title={when[filters.day]}
      color="signal"
      testId="no-orders"
      actions={
        <Group justify="center">
          <Button leftSection={<IconPlus size={16} />} onClick={() => commands.run('page.new')}>
            New order
          </Button>
        </Group>
      }
    >
      An order says who is to be examined, how, when and at which scanner. The scanner fetches it as
      its worklist, so that nobody types a name there.
      <div className={classes.scannerBox}>
        <ScannerSettings />
      </div>
    </Notice>
  );
}

interface FooterProps extends FilterBarProps {
  total: number;
}

function Footer({ total, filters, onChange }: FooterProps) {
  const pages = Math.ceil(total / PAGE_SIZE);
  return (
    <>
      <span data-testid="orders-total">{counted(total, 'order')}</span>
      {pages > 1 ? (
        <Pagination
          size="sm"
          total={pages}
          value={filters.page}
          onChange={(page) => onChange({ page })}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
        />
      ) : null}
    </>
  );
}
