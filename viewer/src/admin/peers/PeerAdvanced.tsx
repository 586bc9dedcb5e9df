import {
  Collapse,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Switch,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { TRANSFER_SYNTAXES, transferSyntaxName } from '../../dicom/transferSyntaxes';
import { CHARACTER_SETS } from './characterSets';
import { NEW_DRAFT, type PeerPartProps } from './draft';
import classes from './Peers.module.css';

/** What most peers need not have set. */
export function PeerAdvanced({ draft, set, touch, errors }: PeerPartProps) {
  const isPlain =
    !draft.uses_tls &&
    !draft.requires_tls &&
    draft.certificate === '' &&
    draft.transfer_syntaxes.length === 0 &&
    draft.character_set === '' &&
    draft.max_parallel === NEW_DRAFT.max_parallel;
  const [isOpen, setOpen] = useState(!isPlain);
  const syntaxes = [...new Set([...Object.keys(TRANSFER_SYNTAXES), ...draft.transfer_syntaxes])];
  return (
    <section>
      <UnstyledButton
        type="button"
        className={classes.advanced}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        data-testid="advanced"
      >
        {isOpen ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
        Advanced: TLS and certificate, transfer syntaxes, character set
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <Stack gap="sm" pt="xs">
          <Switch
            label="Call it by TLS"
            description="Encrypts what we send to it. It must listen by TLS at this port, often 2762."
            checked={draft.uses_tls}
            onChange={(event) => set({ uses_tls: event.currentTarget.checked })}
            data-testid="peer-tls"
          />
          <Switch
            label="Let it call by TLS only"
            description="Its calls without TLS are refused."
            checked={draft.requires_tls || draft.certificate.trim() !== ''}
            disabled={draft.certificate.trim() !== ''}
            onChange={(event) => set({ requires_tls: event.currentTarget.checked })}
            data-testid="peer-tls-only"
          />
          <TextInput
            label="Its certificate"
            description="SHA-256 fingerprint, or subject such as CN=ct2,O=Clinic. It must show this one when it calls, and nobody else may call with it. Empty: any that is trusted here."
            placeholder="Any that is trusted"
            value={draft.certificate}
            error={errors.certificate}
            onChange={(event) => set({ certificate: event.currentTarget.value })}
            onBlur={() => touch('certificate')}
            maxLength={1024}
            spellCheck={false}
            autoComplete="off"
            data-testid="peer-certificate"
          />
          <MultiSelect
            label="Preferred transfer syntaxes"
            description="How images are encoded on the way to it, best first. Empty: as they are stored, else what it takes. Never lossy by this alone."
            placeholder={draft.transfer_syntaxes.length > 0 ? undefined : 'As stored'}
            data={syntaxes.map((uid) => ({ value: uid, label: transferSyntaxName(uid) }))}
            value={draft.transfer_syntaxes}
            onChange={(transfer_syntaxes) => set({ transfer_syntaxes })}
            searchable
            clearable
            hidePickedOptions
          />
          <Select
            label="Character set of a broken peer"
            description="Assumed where it sends letters beyond ASCII without naming their character set."
            placeholder="None is assumed"
            data={CHARACTER_SETS}
            value={draft.character_set || null}
            onChange={(character_set) => set({ character_set: character_set ?? '' })}
            searchable
            clearable
          />
          <NumberInput
            label="Jobs at a time"
            description="How many jobs may send to it or fetch from it at once."
            w={200}
            min={1}
            max={64}
            value={draft.max_parallel}
            error={errors.max_parallel}
            onChange={(value) => {
              set({ max_parallel: Number(value) });
              touch('max_parallel');
            }}
          />
        </Stack>
      </Collapse>
    </section>
  );
}
