import { Alert, Button, Group, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconUserCheck, IconUserQuestion } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { formatDate, formatName, formatSex } from '../dicom/format';
import { type Draft, hasNoPatient, isSamePatient, type KnownPatient, withPatient } from './draft';
import { useKnownPatients } from './queries';

interface PatientHintProps {
  draft: Draft;
  isNew: boolean;
  onFill: (draft: Draft) => void;
}

/** Who the archive knows under the patient ID: fills the form in, or warns of somebody else. */
export function PatientHint({ draft, isNew, onFill }: PatientHintProps) {
  const typed = draft.patientId.trim();
  const [patientId] = useDebouncedValue(typed, 300);
  const { data } = useKnownPatients(patientId);
  const known = patientId === typed ? data : undefined;
  const only = known?.length === 1 ? known[0] : undefined;
  const filledFor = useRef('');

  useEffect(() => {
    // Once an ID only: a person who empties the name again means it.
    if (!isNew || !only || filledFor.current === patientId || !hasNoPatient(draft)) return;
    filledFor.current = patientId;
    onFill(withPatient(draft, only));
  }, [isNew, only, patientId, draft, onFill]);

  if (!known || known.length === 0) return null;
  if (known.some((one) => isSamePatient(draft, one))) {
    const same = known.find((one) => isSamePatient(draft, one));
    return (
      <Text size="xs" c="var(--done)" data-testid="patient-known">
        <IconUserCheck size={14} style={{ verticalAlign: '-2px' }} /> Known from {same?.source}
      </Text>
    );
  }
  return (
    <Alert
      color="yellow"
      icon={<IconUserQuestion size={18} />}
      title={hasNoPatient(draft) ? 'Who is it?' : 'This ID belongs to somebody else here'}
      data-testid="patient-unlike"
    >
      {known.map((one) => (
        <Group key={`${one.PatientName} ${one.PatientBirthDate}`} gap="xs" mt={4}>
          <Text size="sm">{describe(one)}</Text>
          <Button
            size="compact-xs"
            variant="light"
            color="yellow"
            onClick={() => onFill(withPatient(draft, one))}
          >
            Take this
          </Button>
        </Group>
      ))}
    </Alert>
  );
}

const describe = (one: KnownPatient): string =>
  [
    formatName(one.PatientName) || 'No name',
    formatDate(one.PatientBirthDate),
    formatSex(one.PatientSex),
    `from ${one.source}`,
  ]
    .filter(Boolean)
    .join(' · ');
