import { ActionIcon, Box, Table, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSend } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import type { Study } from '../../api/client';
import { formatDate, formatName, formatSex, formatTime } from '../../dicom/format';
import { formatCount } from '../../ui/bytes';
import { nextSort } from './filters';
import { OtherNames } from './OtherNames';
import { ModalityBadges, StudyFlags, StudyStatus } from './StudyBadges';
import classes from './StudyList.module.css';
import { formatWhen, isFresh } from './when';

interface Column {
  title: string;
  sort?: string;
  isDescendingFirst?: boolean;
  width?: string;
  align?: 'right';
  className?: string;
}

const COLUMNS: Column[] = [
  { title: 'Patient', sort: 'PatientName', width: '21%' },
  { title: 'Patient ID', sort: 'PatientID', width: '12%' },
  { title: 'Study date', sort: 'StudyDate', isDescendingFirst: true, width: '9.5rem' },
  { title: 'Modality', width: '7rem' },
  { title: 'Description', sort: 'StudyDescription' },
  { title: 'Accession', sort: 'AccessionNumber', width: '10.5rem', className: classes.wide },
  {
    title: 'Images',
    sort: 'NumberOfStudyRelatedInstances',
    isDescendingFirst: true,
    width: '6rem',
    align: 'right',
  },
  { title: 'Received', sort: 'last_received_at', isDescendingFirst: true, width: '10rem' },
];

export interface StudyRowsProps {
  studies: readonly Study[];
  selected: number;
  onSelect: (index: number) => void;
  onOpen: (study: Study) => void;
  onSend: (study: Study) => void;
  hrefOf: (study: Study) => string;
}

interface StudyTableProps extends StudyRowsProps {
  sort: string;
  onSort: (sort: string) => void;
}

export function StudyTable({ sort, onSort, ...rows }: StudyTableProps) {
  return (
    <Table className={classes.table} stickyHeader verticalSpacing={9} data-testid="study-table">
      <Table.Thead className={classes.head}>
        <Table.Tr>
          {COLUMNS.map((column) => (
            <Head key={column.title} column={column} sort={sort} onSort={onSort} />
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.studies.map((study, index) => (
          <Row key={keyOf(study)} study={study} index={index} {...rows} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

export const keyOf = (study: Study): string => `${study.StudyInstanceUID} ${study.patient_key}`;

interface HeadProps {
  column: Column;
  sort: string;
  onSort: (sort: string) => void;
}

function Head({ column, sort, onSort }: HeadProps) {
  const { title, sort: by, isDescendingFirst = false } = column;
  const isUp = sort === by;
  const isDown = sort === `-${by}`;
  const order = isUp ? 'ascending' : isDown ? 'descending' : undefined;
  const style = { width: column.width, textAlign: column.align };
  return (
    <Table.Th
      style={style}
      className={column.className}
      aria-sort={by ? (order ?? 'none') : undefined}
    >
      {by ? (
        <UnstyledButton
          className={classes.sort}
          data-active={order !== undefined}
          onClick={() => onSort(nextSort(sort, by, isDescendingFirst))}
        >
          {title}
          {isUp ? <IconArrowUp size={13} /> : null}
          {isDown ? <IconArrowDown size={13} /> : null}
        </UnstyledButton>
      ) : (
        title
      )}
    </Table.Th>
  );
}

function Row({
  study,
  index,
  selected,
  onSelect,
  onOpen,
  onSend,
  hrefOf,
}: StudyRowsProps & { study: Study; index: number }) {
  const row = useRef<HTMLTableRowElement>(null);
  const isSelected = index === selected;
  useEffect(() => {
    if (isSelected && row.current?.parentElement?.contains(document.activeElement)) {
      row.current.focus();
    }
  }, [isSelected]);
  const name = formatName(study.PatientName) || 'No name';
  return (
    <Table.Tr
      ref={row}
      className={classes.row}
      tabIndex={isSelected || (selected < 0 && index === 0) ? 0 : -1}
      data-selected={isSelected}
      data-fresh={isFresh(study.first_received_at)}
      data-testid="study-row"
      data-study={study.StudyInstanceUID}
      aria-selected={isSelected}
      onFocus={() => onSelect(index)}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest('a, button')) onOpen(study);
      }}
    >
      <Table.Td>
        <Link
          to={hrefOf(study)}
          className={classes.name}
          tabIndex={-1}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            onOpen(study);
          }}
        >
          {name}
          <OtherNames of={study.PatientName} />
        </Link>
        <Box className={classes.second}>
          {[formatDate(study.PatientBirthDate), formatSex(study.PatientSex)]
            .filter(Boolean)
            .join(' · ')}{' '}
          <StudyFlags study={study} />
        </Box>
      </Table.Td>
      <Table.Td className={classes.code}>{study.PatientID}</Table.Td>
      <Table.Td>
        {formatDate(study.StudyDate)}
        <Text component="span" className={classes.second} ml={6}>
          {formatTime(study.StudyTime)}
        </Text>
      </Table.Td>
      <Table.Td>
        <ModalityBadges modalities={study.ModalitiesInStudy} />
      </Table.Td>
      <Table.Td>{study.StudyDescription}</Table.Td>
      <Table.Td className={`${classes.code} ${classes.wide}`}>{study.AccessionNumber}</Table.Td>
      <Table.Td className={classes.count} data-testid="image-count">
        {formatCount(study.NumberOfStudyRelatedInstances)}
        <Box className={classes.second}>{formatCount(study.NumberOfStudyRelatedSeries)} series</Box>
      </Table.Td>
      <Table.Td className={classes.received}>
        <Box fz="sm">{formatWhen(study.last_received_at)}</Box>
        <StudyStatus study={study} />
        <Tooltip label="Send to…">
          <ActionIcon
            className={classes.rowAction}
            variant="default"
            tabIndex={isSelected ? 0 : -1}
            aria-label={`Send the study of ${name} to a peer`}
            onClick={() => onSend(study)}
            data-testid="row-send"
          >
            <IconSend size={16} />
          </ActionIcon>
        </Tooltip>
      </Table.Td>
    </Table.Tr>
  );
}
