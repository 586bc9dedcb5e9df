import { Table, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { Fragment, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react';
import classes from './DataTable.module.css';

export interface TableColumn<Row> {
  title: string;
  /** Stands in the head instead of the title, for a box that picks all rows. */
  head?: ReactNode;
  cell: (row: Row) => ReactNode;
  width?: string;
  align?: 'right';
  /** Left out below this width of the window: "wide" needs 1180 px, "widest" 1500 px. */
  from?: 'wide' | 'widest';
  /** How a card shows it: first line, line without its title, or not at all; else with its title. */
  card?: 'title' | 'plain' | 'none';
}

interface DataTableProps<Row> {
  /** What the table is, for those who hear it. */
  label: string;
  rows: readonly Row[];
  columns: readonly TableColumn<Row>[];
  keyOf: (row: Row) => string;
  /** Makes a row a thing to press. */
  onOpen?: (row: Row) => void;
  /** What stands below the row while it is open. */
  detail?: (row: Row) => ReactNode;
  /** Keys of the rows whose detail is shown. */
  opened?: ReadonlySet<string>;
  testId?: string;
}

/** Rows of anything as a table, and as cards where there is no room for one. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  return isNarrow ? <Cards {...props} /> : <Rows {...props} />;
}

const INNER = 'a, button, input, label, [role="menu"], [role="switch"]';

/** What makes an element answer a press on itself, but not on the controls in it. */
function pressable<Row>({ onOpen, detail, opened, keyOf }: DataTableProps<Row>, row: Row) {
  if (!onOpen) return {};
  return {
    tabIndex: 0,
    'data-opens': true,
    'aria-expanded': detail ? (opened?.has(keyOf(row)) ?? false) : undefined,
    onClick: (event: MouseEvent<HTMLElement>) => {
      if (!(event.target as HTMLElement).closest(INNER)) onOpen(row);
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.target !== event.currentTarget) return;
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        onOpen(row);
      }
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        step(event.currentTarget, event.key === 'ArrowDown' ? 1 : -1);
      }
    },
  };
}

function step(row: HTMLElement, by: number): void {
  const all = [...(row.parentElement?.querySelectorAll<HTMLElement>('[data-opens]') ?? [])];
  all[all.indexOf(row) + by]?.focus();
}

function Rows<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, keyOf, detail, opened, testId } = props;
  return (
    <div className={classes.frame}>
      <Table className={classes.table} verticalSpacing={10} aria-label={label} data-testid={testId}>
        <Table.Thead>
          <Table.Tr>
            {detail ? <Table.Th className={classes.opener} aria-label="Details" /> : null}
            {columns.map(({ title, head, width, align, from }) => (
              <Table.Th key={title} style={{ width, textAlign: align }} data-from={from}>
                {head ?? title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => {
            const key = keyOf(row);
            const isOpen = detail !== undefined && opened?.has(key);
            return (
              <Fragment key={key}>
                <Table.Tr
                  className={classes.row}
                  data-open={isOpen}
                  data-key={key}
                  data-testid="row"
                  {...pressable(props, row)}
                >
                  {detail ? (
                    <Table.Td className={classes.opener}>
                      <Chevron isOpen={isOpen} />
                    </Table.Td>
                  ) : null}
                  {columns.map(({ title, cell, align, from }) => (
                    <Table.Td key={title} style={{ textAlign: align }} data-from={from}>
                      {cell(row)}
                    </Table.Td>
                  ))}
                </Table.Tr>
                {isOpen ? (
                  <Table.Tr className={classes.detailRow}>
                    <Table.Td colSpan={columns.length + 1}>{detail(row)}</Table.Td>
                  </Table.Tr>
                ) : null}
              </Fragment>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Cards<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, keyOf, detail, opened, testId } = props;
  const heads = columns.filter((column) => column.card === 'title');
  const lines = columns.filter((column) => column.card !== 'title' && column.card !== 'none');
  return (
    <ul className={classes.cards} aria-label={label} data-testid={testId}>
      {rows.map((row) => {
        const key = keyOf(row);
        const isOpen = detail !== undefined && opened?.has(key);
        const { 'aria-expanded': isExpanded, ...press } = pressable(props, row);
        return (
          <li key={key} className={classes.card} data-key={key} data-testid="row">
            <div className={classes.cardBody} {...press}>
              <div className={classes.cardHead}>
                {heads.map((column) => (
                  <div key={column.title}>{column.cell(row)}</div>
                ))}
              </div>
              {lines.map((column) => {
                const content = column.cell(row);
                if (content === null || content === '') return null;
                return (
                  <div key={column.title} className={classes.cardLine}>
                    {column.card === 'plain' ? null : (
                      <span className={classes.cardTitle}>{column.title}</span>
                    )}
                    <div className={classes.cardCell}>{content}</div>
                  </div>
                );
              })}
              {detail ? (
                <UnstyledButton
                  className={classes.cardOpener}
                  aria-expanded={isExpanded}
                  onClick={() => props.onOpen?.(row)}
                >
                  <Chevron isOpen={isOpen} />
                  {isOpen ? 'Less' : 'Details'}
                </UnstyledButton>
              ) : null}
            </div>
            {isOpen ? <div className={classes.cardDetail}>{detail(row)}</div> : null}
          </li>
        );
      })}
    </ul>
  );
}

const Chevron = ({ isOpen = false }: { isOpen?: boolean }) =>
  isOpen ? (
    <IconChevronDown size={16} aria-hidden className={classes.chevron} />
  ) : (
    <IconChevronRight size={16} aria-hidden className={classes.chevron} />
  );
