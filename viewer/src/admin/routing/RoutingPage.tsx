import { Button } from '@mantine/core';
import { IconPlus, IconRoute } from '@tabler/icons-react';
import { useState } from 'react';
import type { Rule } from '../../api/routing';
import { commands } from '../../commands';
import { Failure, Notice } from '../../ui/Notice';
import { Page } from '../../ui/Page';
import { useCommands } from '../../ui/useCommands';
import { Waiting } from '../../ui/Waiting';
import { useDestinations, useRuleActions, useRules, useServer } from './queries';
import classes from './Routing.module.css';
import { RuleCard } from './RuleCard';
import { RuleForm } from './RuleForm';
import { warningsOf } from './words';

/** Which studies are sent on by themselves, and where to. */
export default function RoutingPage() {
  const [form, setForm] = useState<Rule | 'new'>();
  const { data, error, isPending, refetch } = useRules();
  const { data: peers } = useDestinations();
  const { data: server } = useServer();
  const actions = useRuleActions();

  useCommands({
    'page.new': () => setForm('new'),
    'page.refresh': () => void refetch(),
  });

  return (
    <Page
      title="Routing"
      about="Rules that send studies on by themselves. Each makes a job, which is tried again until the peer has taken every image."
      testId="routing-page"
      actions={
        <Button
          leftSection={<IconPlus size={17} />}
          onClick={() => commands.run('page.new')}
          data-testid="new-rule"
        >
          New rule
        </Button>
      }
    >
      {isPending ? <Waiting rows={3} height={84} /> : null}
      {error && !data ? (
        <Failure title="The rules could not be read" error={error} onRetry={() => void refetch()} />
      ) : null}
      {data?.rules.length === 0 ? (
        <Notice
          icon={<IconRoute size={28} />}
          title="Nothing is sent on by itself"
          color="signal"
          testId="no-rules"
          actions={
            <Button leftSection={<IconPlus size={16} />} onClick={() => commands.run('page.new')}>
              New rule
            </Button>
          }
        >
          A rule says which studies go to which peers: “when a CT study from CT2 is complete, send
          it to the teleradiology”. Studies that match no rule stay here only.
        </Notice>
      ) : null}
      {data && data.rules.length > 0 ? (
        <ul className={classes.rules} data-testid="rules">
          {data.rules.map((rule) => (
            <RuleCard
              key={rule.id}
              rule={rule}
              warnings={warningsOf(rule, peers, server)}
              onEdit={() => setForm(rule)}
              onEnable={(isEnabled) => actions.enable(rule, isEnabled)}
              onRemove={() => actions.remove(rule)}
            />
          ))}
        </ul>
      ) : null}
      <RuleForm rule={form} onClose={() => setForm(undefined)} />
    </Page>
  );
}
