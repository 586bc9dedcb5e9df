import { Button, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface NoticeProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  color?: string;
  testId?: string;
}

/** A page or a place that has nothing to show, and what a person can do about it. */
export function Notice({ icon, title, children, actions, color = 'gray', testId }: NoticeProps) {
  return (
    <Stack align="center" gap="sm" py="xl" px="md" ta="center" data-testid={testId}>
      <ThemeIcon size={52} radius="xl" variant="light" color={color}>
        {icon}
      </ThemeIcon>
      <Title order={2} size="h4">
        {title}
      </Title>
      {children ? (
        <Text component="div" size="sm" c="var(--quiet)" maw={520}>
          {children}
        </Text>
      ) : null}
      {actions}
    </Stack>
  );
}

interface FailureProps {
  title: string;
  error: unknown;
  onRetry?: () => void;
}

export function Failure({ title, error, onRetry }: FailureProps) {
  return (
    <Notice
      icon={<IconAlertTriangle size={28} />}
      title={title}
      color="orange"
      testId="failure"
      actions={
        onRetry ? (
          <Button leftSection={<IconRefresh size={16} />} onClick={onRetry} data-testid="retry">
            Try again
          </Button>
        ) : undefined
      }
    >
      {error instanceof Error ? error.message : String(error)}
    </Notice>
  );
}
