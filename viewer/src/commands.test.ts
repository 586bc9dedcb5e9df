import { describe, expect, it, vi } from 'vitest';
import { COMMAND_NAMES, COMMANDS, CommandRegistry, keyLabel } from './commands';

function press(registry: CommandRegistry, key: string, target: Element = document.body, init = {}) {
  document.body.append(target === document.body ? '' : target);
  let result = false;
  const listener = (event: Event) => {
    result = registry.runKey(event as KeyboardEvent);
  };
  window.addEventListener('keydown', listener, { once: true });
  target.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }),
  );
  return result;
}

describe('commands', () => {
  it('run only while something provides them', () => {
    const registry = new CommandRegistry();
    const invert = vi.fn();
    expect(registry.run('view.invert')).toBe(false);
    const stop = registry.provide({ 'view.invert': invert });
    expect(registry.run('view.invert')).toBe(true);
    stop();
    expect(registry.run('view.invert')).toBe(false);
    expect(invert).toHaveBeenCalledOnce();
  });

  it('answer their keys, shifted letters apart from plain ones', () => {
    const registry = new CommandRegistry();
    const [next, previous] = [vi.fn(), vi.fn()];
    registry.provide({ 'layout.next-cell': next, 'layout.previous-cell': previous });
    expect(press(registry, 'g')).toBe(true);
    expect(press(registry, 'G', document.body, { shiftKey: true })).toBe(true);
    expect(press(registry, 'g', document.body, { ctrlKey: true })).toBe(false);
    expect([next.mock.calls.length, previous.mock.calls.length]).toEqual([1, 1]);
  });

  it('leave the keys to a person who types and to a focused button', () => {
    const registry = new CommandRegistry();
    const next = vi.fn();
    registry.provide({ 'cine.toggle': next, 'view.invert': next });
    expect(press(registry, 'i', document.createElement('input'))).toBe(false);
    expect(press(registry, ' ', document.createElement('button'))).toBe(false);
    expect(press(registry, 'i', document.createElement('button'))).toBe(true);
  });

  it('share a key only between places that are never on the screen together', () => {
    const everywhere = /^app\./;
    const places = [
      /^(list|upload|study\.send)\b/,
      /^(study|image|layout|cine|tool|view|window)\./,
      /^(page|list)\./,
      /^(page|worklist|list\.focus-search)\b/,
    ];
    const all = COMMAND_NAMES.filter((name) => everywhere.test(name));
    for (const place of places) {
      const here = COMMAND_NAMES.filter((name) => place.test(name));
      expect(here).not.toHaveLength(0);
      const keys = [...all, ...here].flatMap((name) => COMMANDS[name].keys ?? []);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('have keys that people can read', () => {
    expect(keyLabel('Shift+F')).toBe('Shift + F');
    expect(keyLabel(' ')).toBe('Space');
    expect(keyLabel('+')).toBe('+');
  });
});
