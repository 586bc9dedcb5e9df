import { Badge, Loader } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconMinus,
  type IconProps,
  IconX,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';

export type Tone = 'good' | 'busy' | 'waiting' | 'warning' | 'bad' | 'quiet';

const LOOKS: Record<Tone, { color: string; text: string; Icon?: ComponentType<IconProps> }> = {
  good: { color: 'teal', text: 'var(--done)', Icon: IconCheck },
  busy: { color: 'signal', text: 'var(--accent)' },
  waiting: { color: 'yellow', text: 'var(--waiting)', Icon: IconClock },
  warning: { color: 'yellow', text: 'var(--waiting)', Icon: IconAlertTriangle },
  bad: { color: 'red', text: 'var(--bad)', Icon: IconX },
  quiet: { color: 'gray', text: 'var(--quiet)', Icon: IconMinus },
};

interface StateBadgeProps {
  tone: Tone;
  children: ReactNode;
  testId?: string;
}

/** A state by colour, sign and word, so that none of the three is needed. */
export function StateBadge({ tone, children, testId }: StateBadgeProps) {
  const { color, text, Icon } = LOOKS[tone];
  return (
    <Badge
      size="md"
      radius="sm"
      variant="light"
      color={color}
      c={text}
      fw={600}
      tt="none"
      leftSection={Icon ? <Icon size={13} stroke={2.4} /> : <Loader size={10} color={color} />}
      data-testid={testId}
      data-tone={tone}
    >
      {children}
    </Badge>
  );
}

/** The sign of a state alone, for places where the word stands beside it. */
export function StateIcon({ tone, size = 18 }: { tone: Tone; size?: number }) {
  const { text, color, Icon } = LOOKS[tone];
  if (!Icon) return <Loader size={size - 2} color={color} />;
  return <Icon size={size} stroke={2.2} color={text} aria-hidden />;
}
