import { Autocomplete, Textarea, TextInput } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import formClasses from '../ui/Form.module.css';
import type { Draft } from './draft';
import { MODALITIES } from './modalities';
import classes from './Orders.module.css';
import { useStations } from './queries';
import { parseDate, parseTime } from './typing';

/** What every field of the form has. */
interface FieldProps {
  value: string;
  error: string | undefined;
  name: string;
  'data-testid': string;
  onBlur: () => void;
}

interface StepFieldsProps {
  draft: Draft;
  set: (changes: Partial<Draft>) => void;
  field: (name: keyof Draft) => FieldProps;
  text: (name: keyof Draft) => FieldProps & {
    onChange: (event: { currentTarget: { value: string } }) => void;
    autoComplete: string;
    spellCheck: boolean;
  };
  showsAll: boolean;
}

/** What is to be done at which scanner, and when: the scheduled procedure step. */
export function StepFields({ draft, set, field, text, showsAll }: StepFieldsProps) {
  const { data: stations = [] } = useStations();
  const setStation = (station: string) => {
    const modality = stations.find(({ title }) => title === station)?.modality;
    set({ station, ...(modality ? { modality } : {}) });
  };
  return (
    <fieldset className={formClasses.fieldset}>
      <legend>At the scanner</legend>
      <div className={classes.fields}>
        <Autocomplete
          label="Station AE title"
          required
          description="As the scanner calls itself; several parted by commas"
          data={stations.map(({ title }) => title)}
          {...field('station')}
          onChange={setStation}
          spellCheck={false}
        />
        <Autocomplete
          label="Modality"
          required
          description="What it makes: CT, MR, US …"
          data={MODALITIES}
          {...field('modality')}
          onChange={(modality) => set({ modality: modality.toUpperCase() })}
          spellCheck={false}
        />
        <DateInput
          label="Date"
          required
          placeholder="YYYY-MM-DD"
          valueFormat="YYYY-MM-DD"
          dateParser={parseDate}
          {...field('date')}
          value={draft.date || null}
          onChange={(date) => set({ date: date ?? '' })}
        />
        <TextInput
          label="Time"
          required
          placeholder="HH:MM"
          inputMode="numeric"
          {...text('time')}
          onBlur={() => {
            field('time').onBlur();
            set({ time: parseTime(draft.time) });
          }}
        />
        <TextInput
          label="Performing physician"
          placeholder="Family name, given name"
          wrapperProps={{ 'data-span': '6' }}
          {...text('performingPhysician')}
        />
        {showsAll ? (
          <>
            <TextInput
              label="Description of the step"
              placeholder={draft.procedure || 'As the procedure'}
              wrapperProps={{ 'data-span': '6' }}
              {...text('stepDescription')}
            />
            <TextInput label="Step ID" placeholder="Made by itself" {...text('stepId')} />
            <TextInput label="Station name" {...text('stationName')} />
          </>
        ) : null}
        <Textarea
          label="Comments"
          rows={3}
          resize="vertical"
          wrapperProps={{ 'data-span': '6' }}
          {...text('comments')}
          spellCheck
        />
      </div>
    </fieldset>
  );
}
