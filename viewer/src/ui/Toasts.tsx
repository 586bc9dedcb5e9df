import { Button, CloseButton, Text } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { StateIcon } from './StateBadge';
import classes from './Toasts.module.css';
import { toasts } from './toasts';

/** Where the short messages stand; once in the app. */
export function Toasts() {
  const shown = useSyncExternalStore(toasts.subscribe, toasts.all);
  return (
    <div className={classes.place} aria-live="polite">
      {shown.map(({ id, text, tone, action }) => (
        <div key={id} className={classes.toast} data-testid="toast" data-tone={tone}>
          <StateIcon tone={tone} />
          <Text size="sm" className={classes.text}>
            {text}
          </Text>
          {action ? (
            <Button
              size="compact-sm"
              variant="light"
              onClick={() => {
                toasts.dismiss(id);
                action.run();
              }}
              data-testid="toast-action"
            >
              {action.label}
            </Button>
          ) : null}
          <CloseButton size="sm" aria-label="Dismiss" onClick={() => toasts.dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
