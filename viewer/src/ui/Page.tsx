import { Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import classes from './Page.module.css';

interface PageProps {
  title: string;
  /** One or two sentences on what the page is for. */
  about?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  /** A bar that stays while the content scrolls: filters, tabs. */
  bar?: ReactNode;
  footer?: ReactNode;
  testId?: string;
  children: ReactNode;
}

/** The frame of a page: its name and actions, and a content that scrolls. */
export function Page({ title, about, actions, bar, footer, testId, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Hounsfield`;
  }, [title]);
  return (
    <div className={classes.page} data-testid={testId}>
      <div className={classes.scroll}>
        <header className={classes.head}>
          <div className={classes.words}>
            <Title order={1} size="h3">
              {title}
            </Title>
            {about ? (
              <Text size="sm" c="var(--quiet)" component="div" maw={720}>
                {about}
              </Text>
            ) : null}
          </div>
          {actions ? <div className={classes.actions}>{actions}</div> : null}
        </header>
        {bar ? <div className={classes.bar}>{bar}</div> : null}
        <div className={classes.content}>{children}</div>
      </div>
      {footer ? <footer className={classes.footer}>{footer}</footer> : null}
    </div>
  );
}

/** A part of a page with its own heading. */
export function Panel({
  title,
  actions,
  tone,
  testId,
  children,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  /** For a panel that asks for attention. */
  tone?: 'waiting';
  testId?: string;
  children: ReactNode;
}) {
  return (
    <section className={classes.panel} data-tone={tone} data-testid={testId}>
      {title || actions ? (
        <div className={classes.panelHead}>
          {title ? (
            <Title order={2} size="h5">
              {title}
            </Title>
          ) : null}
          {actions ? <div className={classes.actions}>{actions}</div> : null}
        </div>
      ) : null}
      {children}
    </section>
  );
}
