import { Button, Select, TextInput } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { IconSearch } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useCommands } from '../../ui/useCommands';
import { type Criteria, REMOTE_DATES, type RemoteDate } from './criteria';
import classes from './Remote.module.css';

const MODALITIES = ['CT', 'MR', 'US', 'CR', 'DX', 'MG', 'XA', 'RF', 'NM', 'PT', 'ES', 'SR'];

interface SearchFormProps {
  peers: readonly string[];
  peer: string;
  criteria: Criteria;
  isBusy: boolean;
  onPeer: (peer: string, criteria: Criteria) => void;
  onAsk: (criteria: Criteria) => void;
}

/** Whom to ask and for what; asks when told to, since every search costs the peer something. */
export function SearchForm(props: SearchFormProps) {
  const { peers, peer, criteria, isBusy, onPeer, onAsk } = props;
  const [draft, setDraft] = useState(criteria);
  const first = useRef<HTMLInputElement>(null);
  const set = (changes: Partial<Criteria>) => setDraft((before) => ({ ...before, ...changes }));
  useCommands({
    'list.focus-search': () => first.current?.focus(),
    'page.refresh': () => onAsk(draft),
  });
  const text = (field: 'name' | 'id' | 'accession', label: string, placeholder: string) => (
    <TextInput
      ref={field === 'name' ? first : undefined}
      className={field === 'name' ? classes.field : classes.code}
      aria-label={label}
      placeholder={placeholder}
      value={draft[field]}
      maxLength={64}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => set({ [field]: event.currentTarget.value })}
      data-testid={`remote-${field}`}
    />
  );
  return (
    <form
      className={classes.form}
      aria-label="Search another archive"
      onSubmit={(event) => {
        event.preventDefault();
        if (peer !== '') onAsk(draft);
      }}
    >
      <Select
        className={classes.field}
        aria-label="Archive"
        placeholder="Choose an archive"
        data={[...new Set([...peers, peer])].filter(Boolean)}
        value={peer || null}
        onChange={(name) => onPeer(name ?? '', draft)}
        searchable
        data-testid="remote-peer"
      />
      {text('name', 'Patient name', 'Name')}
      {text('id', 'Patient ID', 'Patient ID')}
      {text('accession', 'Accession number', 'Accession number')}
      <Select
        className={classes.short}
        aria-label="Study date"
        allowDeselect={false}
        data={Object.entries(REMOTE_DATES).map(([value, label]) => ({ value, label }))}
        value={draft.date}
        onChange={(date) => set({ date: (date ?? 'any') as RemoteDate })}
      />
      {draft.date === 'range' ? (
        <DatePickerInput
          type="range"
          aria-label="From and to"
          placeholder="From – to"
          w={230}
          clearable
          allowSingleDateInRange
          valueFormat="YYYY-MM-DD"
          value={[draft.from || null, draft.to || null]}
          onChange={([from, to]) => set({ from: from ?? '', to: to ?? '' })}
        />
      ) : null}
      <Select
        className={classes.short}
        aria-label="Modality"
        placeholder="Any modality"
        data={[...new Set([...MODALITIES, draft.modality])].filter(Boolean)}
        value={draft.modality || null}
        onChange={(modality) => set({ modality: modality ?? '' })}
        searchable
        clearable
      />
      <Button
        type="submit"
        leftSection={<IconSearch size={17} />}
        loading={isBusy}
        disabled={peer === ''}
        data-testid="remote-search"
      >
        Search
      </Button>
    </form>
  );
}
