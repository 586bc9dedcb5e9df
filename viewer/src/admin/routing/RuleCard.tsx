import { ActionIcon, Anchor, Badge, Switch, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconArrowRight, IconPencil, IconTrash } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Rule } from '../../api/routing';
import { Ago } from '../../ui/Ago';
import classes from './Routing.module.css';
import { conditionOf } from './words';

interface RuleCardProps {
  rule: Rule;
  warnings: readonly string[];
  onEdit: () => void;
  onEnable: (isEnabled: boolean) => void;
  onRemove: () => void;
}

/** One rule as a sentence, with its switch. */
export function RuleCard({ rule, warnings, onEdit, onEnable, onRemove }: RuleCardProps) {
  return (
    <li className={classes.rule} data-off={!rule.is_enabled} data-testid="rule">
      <Switch
        checked={rule.is_enabled}
        onChange={(event) => onEnable(event.currentTarget.checked)}
        aria-label={`The rule “${rule.name}” is on`}
        data-testid="rule-enabled"
      />
      <div className={classes.words}>
        <h2 className={classes.name}>{rule.name}</h2>
        <p className={classes.sentence} data-testid="rule-sentence">
          {conditionOf(rule)} <IconArrowRight size={15} aria-label="then" /> send{' '}
          {rule.when === 'complete' ? 'it' : 'that image'} to{' '}
          {rule.destinations.map((name) => (
            <Badge key={name} radius="sm" variant="light" tt="none">
              {name}
            </Badge>
          ))}
          {rule.asks_commitment ? ' and ask to commit it' : null}
        </p>
        {warnings.map((warning) => (
          <p key={warning} className={classes.warning} data-testid="rule-warning">
            <IconAlertTriangle size={15} aria-hidden /> {warning}
          </p>
        ))}
        <p className={classes.last}>
          {rule.is_enabled ? '' : 'Switched off. '}
          {rule.last_job_us ? (
            <>
              Last used <Ago time_us={rule.last_job_us} />.{' '}
              <Anchor component={Link} to="/network/jobs" inherit>
                Jobs
              </Anchor>
            </>
          ) : (
            'Not used yet.'
          )}
        </p>
      </div>
      <div className={classes.actions}>
        <Tooltip label="Change">
          <ActionIcon
            aria-label={`Change the rule “${rule.name}”`}
            onClick={onEdit}
            data-testid="rule-edit"
          >
            <IconPencil size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Delete">
          <ActionIcon
            aria-label={`Delete the rule “${rule.name}”`}
            onClick={onRemove}
            data-testid="rule-delete"
          >
            <IconTrash size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
    </li>
  );
}
