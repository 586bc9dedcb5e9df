import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useCommands } from './useCommands';

interface SearchInputProps {
  label: string;
  placeholder: string;
  value: string;
  /** Called when a person has stopped typing for a moment. */
  onChange: (value: string) => void;
  className?: string;
  /** Goes from the box to what it found; gives whether there is something. */
  onDown?: () => boolean;
  testId?: string;
}

/** A search box that does not ask at every letter; "/" goes to it. */
export function SearchInput(props: SearchInputProps) {
  const { label, placeholder, value, onChange, className, onDown, testId } = props;
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const send = useDebouncedCallback((next: string) => {
    sent.current = next;
    onChange(next);
  }, 250);
  useEffect(() => {
    // Only what came from elsewhere (back, a link, "clear") replaces what is being typed.
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useCommands({
    'list.focus-search': () => {
      input.current?.focus();
      input.current?.select();
    },
  });
  const change = (next: string) => {
    setTyped(next);
    send(next);
  };
  return (
    <TextInput
      ref={input}
      type="search"
      className={className}
      style={className ? undefined : { flex: '1 1 220px', maxWidth: 420 }}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={17} />}
      rightSection={
        typed ? (
          <CloseButton size="sm" aria-label="Empty the search" onClick={() => change('')} />
        ) : null
      }
      value={typed}
      maxLength={200}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown' && onDown?.()) event.preventDefault();
        if (event.key === 'Escape') input.current?.blur();
      }}
      data-testid={testId}
    />
  );
}
