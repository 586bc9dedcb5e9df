import {
  Alert,
  Anchor,
  Button,
  Drawer,
  MultiSelect,
  SegmentedControl,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import type { NewRule, Rule, RuleMatch } from '../../api/routing';
import formClasses from '../../ui/Form.module.css';
import { toasts } from '../../ui/toasts';
import { useLast } from '../../ui/useLast';
import { useDestinations, useRules, useSaveRule, useServer } from './queries';
import classes from './Routing.module.css';
import { Trial } from './Trial';
import { conditionOf, EMPTY_RULE, freeName, nameOf, validateRule, warningsOf } from './words';

const MODALITIES = 'CT MR US DX CR MG XA RF NM PT ES OT SC SR SEG RTSTRUCT RTPLAN RTDOSE'.split(
  ' ',
);
const SPLIT = [',', ' ', ';'];

interface RuleFormProps {
  rule: Rule | 'new' | undefined;
  onClose: () => void;
}

export function RuleForm({ rule, onClose }: RuleFormProps) {
  const shown = useLast(rule);
  return (
    <Drawer
      opened={rule !== undefined}
      onClose={onClose}
      position="right"
      size="min(44rem, 100vw)"
      title={shown === 'new' ? 'New rule' : 'Change the rule'}
      closeButtonProps={{ 'aria-label': 'Close the form' }}
      closeOnClickOutside={false}
    >
      {shown ? (
        <Form key={shown === 'new' ? 'new' : shown.id} rule={shown} onClose={onClose} />
      ) : null}
    </Drawer>
  );
}

function Form({ rule, onClose }: { rule: Rule | 'new'; onClose: () => void }) {
  const isNew = rule === 'new';
  const [draft, setDraft] = useState<NewRule>(isNew ? EMPTY_RULE : rule);
  const [wasSent, setSent] = useState(false);
  const { data: peers } = useDestinations();
  const { data: server } = useServer();
  const { data: rules } = useRules();
  const others = (rules?.rules ?? [])
    .filter((one) => isNew || one.id !== rule.id)
    .map(({ name }) => name);
  const save = useSaveRule(isNew ? undefined : String(rule.id));
  const errors = validateRule(draft);
  const shown = wasSent ? errors : { ...errors, destinations: undefined };
  const warnings = warningsOf(draft, peers, server);

  const set = (changes: Partial<NewRule>) => setDraft((previous) => ({ ...previous, ...changes }));
  const setMatch = (changes: Partial<RuleMatch>) =>
    setDraft((previous) => ({ ...previous, match: { ...previous.match, ...changes } }));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (Object.keys(errors).length > 0) return;
    const { is_enabled, when, match, destinations, asks_commitment } = draft;
    const name = draft.name.trim() || freeName(nameOf(draft), others);
    save.mutate(
      { name, is_enabled, when, match, destinations, asks_commitment },
      {
        onSuccess: () => {
          toasts.show(`The rule “${name}” is ${isNew ? 'made' : 'changed'}.`);
          onClose();
        },
      },
    );
  };

  return (
    <form className={formClasses.form} noValidate onSubmit={submit} data-testid="rule-form">
      <fieldset className={`${formClasses.fieldset} ${classes.fields}`}>
        <legend>When</legend>
        <SegmentedControl
          fullWidth
          value={draft.when}
          onChange={(when) => set({ when: when as NewRule['when'] })}
          data={[
            { value: 'complete', label: 'A study is complete' },
            { value: 'received', label: 'An image arrives' },
          ]}
          aria-label="When"
        />
        <Text size="xs" c="var(--quiet)">
          {draft.when === 'complete'
            ? 'The whole study goes at once, and only what is new if more of it comes later.'
            : 'Each image goes on as soon as it is here: sooner, but in many small parts.'}
        </Text>
      </fieldset>
      <fieldset className={`${formClasses.fieldset} ${classes.fields}`}>
        <legend>Which</legend>
        <Text size="xs" c="var(--quiet)">
          All that is filled in must fit; a study fits a field if one of its values does.
        </Text>
        {/* What is typed counts, chosen from the list or not: a rule must not lose its condition. */}
        <TagsInput
          label="Modalities"
          placeholder={draft.match.modalities.length > 0 ? undefined : 'Any'}
          data={MODALITIES}
          splitChars={SPLIT}
          value={draft.match.modalities}
          onChange={(modalities) =>
            setMatch({ modalities: [...new Set(modalities.map((one) => one.toUpperCase()))] })
          }
          acceptValueOnBlur
          clearable
          data-testid="rule-modalities"
        />
        <TagsInput
          label="Sent by"
          description="AE titles of scanners or archives"
          placeholder={draft.match.source_ae_titles.length > 0 ? undefined : 'Anybody'}
          data={[...new Set((peers ?? []).map(({ ae_title }) => ae_title))]}
          splitChars={SPLIT}
          value={draft.match.source_ae_titles}
          onChange={(source_ae_titles) => setMatch({ source_ae_titles })}
          error={shown.source_ae_titles}
          acceptValueOnBlur
          clearable
          data-testid="rule-sources"
        />
        <TextInput
          label="Study description"
          description="* stands for any letters, ? for one; large and small letters are alike"
          placeholder="*head*"
          value={draft.match.study_description}
          onChange={(event) => setMatch({ study_description: event.currentTarget.value })}
          error={shown.study_description}
          data-testid="rule-description"
        />
        <TagsInput
          label="Station names"
          description="As the scanner writes into its images (0008,1010)"
          placeholder={draft.match.station_names.length > 0 ? undefined : 'Any'}
          value={draft.match.station_names}
          onChange={(station_names) => setMatch({ station_names })}
          acceptValueOnBlur
          clearable
        />
        <TagsInput
          label="SOP classes"
          description="UIDs, for rules about kinds of objects"
          placeholder={draft.match.sop_classes.length > 0 ? undefined : 'Any'}
          splitChars={SPLIT}
          value={draft.match.sop_classes}
          onChange={(sop_classes) => setMatch({ sop_classes })}
          error={shown.sop_classes}
          acceptValueOnBlur
          clearable
        />
        <Trial match={draft.match} />
      </fieldset>
      <fieldset className={`${formClasses.fieldset} ${classes.fields}`}>
        <legend>Send to</legend>
        <MultiSelect
          label="Peers"
          required
          placeholder={draft.destinations.length > 0 ? undefined : 'Choose'}
          data={[...new Set([...(peers ?? []).map(({ name }) => name), ...draft.destinations])]}
          value={draft.destinations}
          onChange={(destinations) => set({ destinations })}
          error={shown.destinations}
          nothingFoundMessage="No other peer"
          searchable
          clearable
          hidePickedOptions
          data-testid="rule-destinations"
        />
        <Switch
          label="Ask the peer to commit what was sent"
          description="It then says of each image whether it keeps it (storage commitment). Its answer is a job of its own."
          checked={draft.asks_commitment}
          onChange={(event) => set({ asks_commitment: event.currentTarget.checked })}
          data-testid="rule-commit"
        />
        {peers?.length === 0 ? (
          <Text size="sm">
            There are no peers yet. Add the one that shall get the images under{' '}
            <Anchor component={Link} to="/network/peers" inherit>
              Peers
            </Anchor>
            .
          </Text>
        ) : null}
        {warnings.map((warning) => (
          <Alert key={warning} color="yellow" icon={<IconAlertTriangle size={18} />}>
            {warning}
          </Alert>
        ))}
      </fieldset>
      <TextInput
        label="Name"
        placeholder={draft.destinations.length > 0 ? nameOf(draft) : 'Made by itself'}
        value={draft.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={shown.name}
        data-testid="rule-name"
      />
      {save.error ? (
        <Alert color="orange" icon={<IconAlertTriangle size={18} />} title="The rule was not kept">
          {save.error.message}
        </Alert>
      ) : null}
      <div className={formClasses.footer}>
        <Text size="sm" className={classes.preview}>
          {conditionOf(draft)} → {draft.destinations.join(', ') || '…'}
        </Text>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button type="submit" loading={save.isPending} data-testid="save-rule">
          {isNew ? 'Make the rule' : 'Keep the changes'}
        </Button>
      </div>
    </form>
  );
}
