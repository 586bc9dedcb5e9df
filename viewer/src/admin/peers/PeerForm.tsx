import {
  Button,
  Collapse,
  Drawer,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { type Peer, RIGHTS, type Right } from '../../api/peers';
import { TRANSFER_SYNTAXES, transferSyntaxName } from '../../dicom/transferSyntaxes';
import { Callout } from '../../ui/Callout';
import { useServer } from '../server';
import { CHARACTER_SETS } from './characterSets';
import {
  type DraftErrors,
  draftOf,
  errorsOf,
  hintsOf,
  NEW_DRAFT,
  nameOf,
  type PeerDraft,
  peerOf,
} from './draft';
import classes from './Peers.module.css';
import { useSavePeer } from './queries';
import { RIGHT_WORDS, RIGHTS_PRESETS, sameRights } from './rights';

interface PeerFormProps {
  edited: Peer | 'new' | undefined;
  peers: readonly Peer[];
  onClose: () => void;
  onTest: (peer: Peer) => void;
}

/** Add or change a peer, in a drawer; one of the settings is only shown. */
export function PeerForm({ edited, peers, onClose, onTest }: PeerFormProps) {
  const peer = edited === 'new' ? undefined : edited;
  const title = edited === 'new' ? 'Add a peer' : (peer?.name ?? '');
  return (
    <Drawer
      opened={edited !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {edited === undefined ? null : (
        <Form
          key={peer?.name ?? ''}
          peer={peer}
          takenNames={peers.filter((one) => one.name !== peer?.name).map((one) => one.name)}
          onClose={onClose}
          onTest={onTest}
        />
      )}
    </Drawer>
  );
}

interface FormProps {
  peer: Peer | undefined;
  takenNames: readonly string[];
  onClose: () => void;
  onTest: (peer: Peer) => void;
}

function Form({ peer, takenNames, onClose, onTest }: FormProps) {
  const { data: server } = useServer();
  const [draft, setDraft] = useState<PeerDraft>(() => (peer ? draftOf(peer) : NEW_DRAFT));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const save = useSavePeer(peer?.name);
  const isFixed = peer?.origin === 'settings';
  const around = { takenNames, ourAeTitle: server?.ae_title ?? '' };
  const errors = errorsOf(draft, around);
  const set = (changes: Partial<PeerDraft>) => setDraft((before) => ({ ...before, ...changes }));
  const touch = (...fields: string[]) => setTouched((before) => new Set([...before, ...fields]));
  // What is wrong is said once a field was left, or at the first letter that can never be right.
  const shown: DraftErrors = Object.fromEntries(
    Object.entries(errors).filter(([field]) => touched.has(field)),
  );

  const submit = (event: FormEvent, isTested: boolean) => {
    event.preventDefault();
    touch('name', 'ae_title', 'host', 'port', 'max_parallel', 'wants_availability');
    if (Object.keys(errors).length > 0 || isFixed) return;
    save.mutate(peerOf(draft), {
      onSuccess: (saved) => (isTested ? onTest(saved) : onClose()),
    });
  };

  return (
    <form onSubmit={(event) => submit(event, false)} noValidate data-testid="peer-form">
      <fieldset className={classes.fields} disabled={isFixed}>
        {isFixed ? (
          <Callout tone="quiet">
            This peer stands in the settings file under dimse.peers and is changed there. It takes a
            restart to hold.
          </Callout>
        ) : null}
        <Who draft={draft} set={set} touch={touch} errors={shown} isNew={peer === undefined} />
        <MayDo may={draft.may} onChange={(may) => set({ may })} />
        <section>
          <Text component="h3" fw={600} size="sm" mb={6}>
            What it is told
          </Text>
          <Switch
            label="Tell this peer of complete studies"
            description="Of each study that is complete from now on, by Instance Availability Notification."
            checked={draft.wants_availability}
            error={shown.wants_availability}
            onChange={(event) => set({ wants_availability: event.currentTarget.checked })}
            data-testid="wants-availability"
          />
        </section>
        <Advanced draft={draft} set={set} touch={touch} errors={shown} />
        {isFixed
          ? null
          : hintsOf(draft, around).map((hint) => (
              <Callout key={hint} tone="warning">
                {hint}
              </Callout>
            ))}
        {save.error ? (
          <Callout tone="bad" title="It was not saved" testId="save-failed">
            {save.error.message}
          </Callout>
        ) : null}
      </fieldset>
      <Group justify="flex-end" gap="xs" className={classes.formActions}>
        <Button
          variant="default"
          className={isFixed ? undefined : classes.cancel}
          onClick={onClose}
        >
          {isFixed ? 'Close' : 'Cancel'}
        </Button>
        {isFixed ? null : (
          <>
            <Button
              variant="light"
              loading={save.isPending}
              onClick={(event) => submit(event, true)}
              data-testid="save-and-test"
            >
              Save and test
            </Button>
            <Button type="submit" loading={save.isPending} data-testid="save-peer">
              {peer ? 'Save' : 'Add the peer'}
            </Button>
          </>
        )}
      </Group>
    </form>
  );
}

interface PartProps {
  draft: PeerDraft;
  set: (changes: Partial<PeerDraft>) => void;
  touch: (...fields: string[]) => void;
  errors: DraftErrors;
}

function Who({ draft, set, touch, errors, isNew }: PartProps & { isNew: boolean }) {
  return (
    <Stack gap="sm">
      <TextInput
        label="AE title"
        description="The name of the system in DICOM, exactly as it is set there; capitals count."
        value={draft.ae_title}
        error={errors.ae_title}
        onChange={(event) => {
          const ae_title = event.currentTarget.value;
          set({ ae_title });
          if (ae_title.length > 16) touch('ae_title');
        }}
        onBlur={() => touch('ae_title')}
        data-autofocus={isNew || undefined}
        required
        spellCheck={false}
        autoComplete="off"
        rightSectionWidth={54}
        rightSection={
          <Text size="xs" c={draft.ae_title.length > 16 ? 'var(--bad)' : 'var(--quiet)'}>
            {draft.ae_title.length} / 16
          </Text>
        }
        data-testid="peer-ae-title"
      />
      <Group gap="sm" align="flex-start" wrap="nowrap">
        <TextInput
          label="Address"
          description="IP address or host name"
          style={{ flex: 1 }}
          value={draft.host}
          error={errors.host}
          onChange={(event) => set({ host: event.currentTarget.value })}
          onBlur={() => touch('host')}
          spellCheck={false}
          autoComplete="off"
          data-testid="peer-host"
        />
        <TextInput
          label="Port"
          description="Often 104"
          w={104}
          value={draft.port}
          error={errors.port}
          inputMode="numeric"
          onChange={(event) => {
            const port = event.currentTarget.value;
            set({ port });
            if (/\D/.test(port)) touch('port');
          }}
          onBlur={() => touch('port')}
          autoComplete="off"
          data-testid="peer-port"
        />
      </Group>
      <TextInput
        label="Name"
        description={
          isNew
            ? 'What people here call it. It stays: rules and jobs know the peer by it.'
            : 'It stays: rules and jobs know the peer by it.'
        }
        placeholder={nameOf(draft) || 'ct2'}
        value={draft.name}
        error={errors.name}
        disabled={!isNew}
        onChange={(event) => {
          set({ name: event.currentTarget.value });
          touch('name');
        }}
        maxLength={64}
        autoComplete="off"
        data-testid="peer-name"
      />
      <TextInput
        label="Description"
        placeholder="CT in room 2, ground floor"
        value={draft.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
        maxLength={200}
        autoComplete="off"
        data-testid="peer-description"
      />
    </Stack>
  );
}

function MayDo({ may, onChange }: { may: readonly Right[]; onChange: (may: Right[]) => void }) {
  const toggle = (right: Right) =>
    onChange(may.includes(right) ? may.filter((one) => one !== right) : [...may, right]);
  return (
    <section>
      <Text component="h3" fw={600} size="sm" mb={6}>
        What it may do here
      </Text>
      <Group gap={6} mb="sm">
        {RIGHTS_PRESETS.map(({ title, may: preset }) => (
          <Button
            key={title}
            size="compact-sm"
            variant={sameRights(may, preset) ? 'light' : 'default'}
            aria-pressed={sameRights(may, preset)}
            onClick={() => onChange([...preset])}
          >
            {title}
          </Button>
        ))}
      </Group>
      <Stack gap="xs">
        {RIGHTS.map((right) => (
          <Switch
            key={right}
            label={RIGHT_WORDS[right].title}
            description={RIGHT_WORDS[right].about}
            checked={may.includes(right)}
            onChange={() => toggle(right)}
            data-testid={`may-${right}`}
          />
        ))}
      </Stack>
    </section>
  );
}

function Advanced({ draft, set, touch, errors }: PartProps) {
  const isPlain =
    !draft.uses_tls &&
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
        Advanced: TLS, transfer syntaxes, character set
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
