import { useEffect, useRef, useSyncExternalStore } from 'react';
import { type CommandHandlers, type CommandName, commands } from '../commands';

/** Carry out these commands while the component is on the screen, always with its newest state. */
export function useCommands(handlers: CommandHandlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  const names = Object.keys(handlers).sort().join(' ');
  useEffect(() => {
    const entries = names
      .split(' ')
      .filter(Boolean)
      .map((name) => [name, () => latest.current[name as CommandName]?.()]);
    return commands.provide(Object.fromEntries(entries) as CommandHandlers);
  }, [names]);
}

/** Whether something on the screen carries the command out now. */
export function useIsAvailable(name: CommandName): boolean {
  useSyncExternalStore(commands.subscribe, commands.version);
  return commands.isAvailable(name);
}
