import { ActionIcon, Box, Code, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

export function CopyIcon({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon
            size="sm"
            color={copied ? 'signal' : 'gray'}
            onClick={copy}
            aria-label={copied ? 'Copied' : label}
          >
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** A line for a terminal, with a button that copies it. */
export function CommandLine({ command }: { command: string }) {
  return (
    <Box pos="relative" w="100%">
      <Code
        block
        pr={44}
        fz="sm"
        ta="left"
        style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
      >
        {command}
      </Code>
      <Box pos="absolute" top={8} right={8}>
        <CopyIcon value={command} label="Copy the line" />
      </Box>
    </Box>
  );
}
