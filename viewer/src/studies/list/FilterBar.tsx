import { Button, Group, Menu, MultiSelect, Select } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { IconFile, IconFolder, IconUpload } from '@tabler/icons-react';
import { commands } from '../../commands';
import { SearchInput } from '../../ui/SearchInput';
import { DATE_PRESETS, type DatePreset, type Filters, isFiltered } from './filters';
import classes from './StudyList.module.css';

const MODALITIES = [
  'CT',
  'MR',
  'US',
  'CR',
  'DX',
  'MG',
  'XA',
  'RF',
  'NM',
  'PT',
  'OT',
  'SC',
  'ES',
  'XC',
  'SR',
  'SEG',
  'RTSTRUCT',
];

interface FilterBarProps {
  filters: Filters;
  /** A change of filters goes back to the first page. */
  onChange: (changes: Partial<Filters>) => void;
  onClear: () => void;
}

export function FilterBar({ filters, onChange, onClear }: FilterBarProps) {
  const options = [...new Set([...MODALITIES, ...filters.modalities])];
  return (
    <search className={classes.filters} aria-label="Studies">
      <SearchInput
        label="Search studies"
        placeholder="Name, patient ID, accession or description"
        className={classes.search}
        value={filters.q}
        onChange={(q) => onChange({ q })}
        onDown={() => commands.run('list.next')}
        testId="search"
      />
      <Select
        aria-label="Study date"
        className={classes.choice}
        allowDeselect={false}
        value={filters.date}
        onChange={(date) => onChange({ date: (date ?? 'any') as DatePreset, from: '', to: '' })}
        data={Object.entries(DATE_PRESETS).map(([value, label]) => ({ value, label }))}
        data-testid="filter-date"
      />
      {filters.date === 'range' ? (
        <DatePickerInput
          type="range"
          aria-label="From and to"
          placeholder="From – to"
          w={230}
          clearable
          allowSingleDateInRange
          valueFormat="YYYY-MM-DD"
          value={[filters.from || null, filters.to || null]}
          onChange={([from, to]) => onChange({ from: from ?? '', to: to ?? '' })}
        />
      ) : null}
      <MultiSelect
        aria-label="Modality"
        placeholder={filters.modalities.length > 0 ? undefined : 'Any modality'}
        className={`${classes.choice} ${classes.modalities}`}
        data={options}
        value={filters.modalities}
        onChange={(modalities) => onChange({ modalities })}
        searchable
        clearable
        hidePickedOptions
        data-testid="filter-modality"
      />
      {isFiltered(filters) ? (
        <Button variant="subtle" color="gray" px="xs" onClick={onClear} data-testid="clear-filters">
          Clear
        </Button>
      ) : null}
      <Group className={classes.actions}>
        <UploadMenu />
      </Group>
    </search>
  );
}

export function UploadMenu() {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button aria-label="Upload" px={14} data-testid="upload-menu">
          <IconUpload size={17} />
          <span className={classes.uploadWord}>Upload</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconFile size={16} />}
          onClick={() => commands.run('upload.choose-files')}
        >
          Files or ZIP archives…
        </Menu.Item>
        <Menu.Item
          leftSection={<IconFolder size={16} />}
          onClick={() => commands.run('upload.choose-folder')}
        >
          A folder…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
