import type { ReactNode } from 'react';
import classes from './Callout.module.css';
import { StateIcon, type Tone } from './StateBadge';

interface CalloutProps {
  tone: Tone;
  title?: ReactNode;
  testId?: string;
  children?: ReactNode;
}

/** Something to know beside what is shown: by colour, sign and words. */
export function Callout({ tone, title, testId, children }: CalloutProps) {
  return (
    <div
      className={classes.callout}
      role={tone === 'bad' ? 'alert' : 'status'}
      data-tone={tone}
      data-testid={testId}
    >
      <StateIcon tone={tone} />
      <div className={classes.words}>
        {title ? <div className={classes.title}>{title}</div> : null}
        {children}
      </div>
    </div>
  );
}
