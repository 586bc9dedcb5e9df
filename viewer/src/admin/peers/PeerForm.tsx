import { Button, Drawer, Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { type Peer, RIGHTS, type Right } from '../../api/peers';
import { Callout } from '../../ui/Callout';
import { useServer } from '../server';
import {
  type DraftErrors,
  draftOf,
  errorsOf,
  hintsOf,
  NEW_DRAFT,
  nameOf,
  type PeerDraft,
  type PeerPartProps,
  peerOf,
} from './draft';
import { PeerAdvanced } from './PeerAdvanced';
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
  const around = {
    takenNames,
    ourAeTitle: server?.ae_title ?? '',
    hasTls: server?.dicom_tls_port !== null,
  };
  const errors = errorsOf(draft, around);
  const set = (changes: Partial<PeerDraft>) => setDraft((before) => ({ ...before, ...changes }));
  const touch = (...fields: string[]) => setTouched((before) => new Set([...before, ...fields]));
  // What is wrong is said once a field was left, or at the first letter that can never be right.
  const shown: DraftErrors = Object.fromEntries(
    Object.entries(errors).filter(([field]) => touched.has(field)),
  );

  const submit = (event: FormEvent, isTested: boolean) => {
    event.preventDefault();
    touch('name', 'ae_title', 'host', 'port', 'max_parallel', 'wants_availability', 'certificate');
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
        <PeerAdvanced draft={draft} set={set} touch={touch} errors={shown} />
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

function Who({ draft, set, touch, errors, isNew }: PeerPartProps & { isNew: boolean }) {
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
            ? 'What people here call it.'
            : 'What people here call it. Rules and jobs that name it follow a new name.'
        }
        placeholder={nameOf(draft) || 'ct2'}
        value={draft.name}
        error={errors.name}
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
