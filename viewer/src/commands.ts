/** Every action of a person, by name: toolbars, menus, hotkeys and tests run these and nothing else. */

export interface CommandDefinition {
  title: string;
  group: string;
  /** Keys as `KeyboardEvent.key` names them, "Shift+" or "Mod+" (Ctrl or Cmd) before them. */
  keys?: readonly string[];
}

const presetKeys = (n: number): CommandDefinition => ({
  title: `Window preset ${n}`,
  group: 'Window',
  keys: [String(n)],
});

const TABLE = {
  'app.show-hotkeys': { title: 'Show the keys', group: 'Everywhere', keys: ['?'] },
  'app.toggle-colour-scheme': { title: 'Light or dark', group: 'Everywhere' },
  'app.about': { title: 'About Hounsfield', group: 'Everywhere' },

  'app.go-studies': { title: 'Studies', group: 'Go to', keys: ['Shift+S'] },
  'app.go-worklist': { title: 'Worklist', group: 'Go to', keys: ['Shift+W'] },
  'app.go-peers': { title: 'Peers', group: 'Go to', keys: ['Shift+P'] },
  'app.go-connections': { title: 'Connections', group: 'Go to', keys: ['Shift+C'] },
  'app.go-remote': { title: 'Remote archives', group: 'Go to', keys: ['Shift+A'] },
  'app.go-routing': { title: 'Routing', group: 'Go to', keys: ['Shift+O'] },
  'app.go-jobs': { title: 'Jobs', group: 'Go to', keys: ['Shift+J'] },
  'app.go-trash': { title: 'Trash', group: 'Go to', keys: ['Shift+T'] },

  'page.new': { title: 'Add one: a peer, an order, a rule', group: 'Pages', keys: ['n'] },
  'page.refresh': { title: 'Read the page again', group: 'Pages' },

  'list.focus-search': { title: 'Go to the search box', group: 'Study list', keys: ['/'] },
  'list.next': { title: 'Next study', group: 'Study list', keys: ['ArrowDown', 'j'] },
  'list.previous': { title: 'Previous study', group: 'Study list', keys: ['ArrowUp', 'k'] },
  'list.open': { title: 'Open the study', group: 'Study list', keys: ['Enter'] },
  'list.next-page': { title: 'Next page', group: 'Study list', keys: ['Shift+ArrowRight'] },
  'list.previous-page': { title: 'Previous page', group: 'Study list', keys: ['Shift+ArrowLeft'] },
  'list.clear-filters': { title: 'Clear the filters', group: 'Study list', keys: ['Shift+X'] },
  'list.refresh': { title: 'Read the list again', group: 'Study list' },
  'upload.choose-files': { title: 'Upload files', group: 'Study list', keys: ['u'] },
  'upload.choose-folder': { title: 'Upload a folder', group: 'Study list', keys: ['Shift+U'] },

  'worklist.next': { title: 'Next order', group: 'Worklist', keys: ['ArrowDown', 'j'] },
  'worklist.previous': { title: 'Previous order', group: 'Worklist', keys: ['ArrowUp', 'k'] },
  'worklist.open': { title: 'Open the order', group: 'Worklist', keys: ['Enter'] },
  'worklist.mark-arrived': { title: 'The patient has arrived', group: 'Worklist', keys: ['a'] },
  'worklist.edit-order': { title: 'Change the order', group: 'Worklist', keys: ['e'] },
  'worklist.cancel-order': { title: 'Cancel the order', group: 'Worklist', keys: ['x'] },
  'worklist.open-study': { title: 'Open its study', group: 'Worklist', keys: ['o'] },
  'worklist.day-before': { title: 'The day before', group: 'Worklist', keys: ['Shift+ArrowLeft'] },
  'worklist.day-after': { title: 'The day after', group: 'Worklist', keys: ['Shift+ArrowRight'] },
  'worklist.today': { title: 'Today', group: 'Worklist', keys: ['t'] },
  'worklist.clear-filters': { title: 'Clear the filters', group: 'Worklist', keys: ['Shift+X'] },

  'study.back': { title: 'Back to the list', group: 'Study', keys: ['Backspace'] },
  'study.next-series': { title: 'Next series', group: 'Study', keys: [']'] },
  'study.previous-series': { title: 'Previous series', group: 'Study', keys: ['['] },
  'study.toggle-series': { title: 'Show or hide the series', group: 'Study', keys: ['b'] },
  'study.toggle-attributes': { title: 'DICOM attributes', group: 'Study', keys: ['t'] },
  'study.send': { title: 'Send to a peer', group: 'Study', keys: ['e'] },
  'study.delete': { title: 'Delete the study', group: 'Study', keys: ['Delete'] },
  'study.download': { title: 'Download the study (ZIP)', group: 'Study' },
  'study.download-series': { title: 'Download the series (ZIP)', group: 'Study' },
  'study.download-instance': { title: 'Download this file', group: 'Study' },

  'image.next': { title: 'Next image', group: 'Images', keys: ['ArrowDown', 'ArrowRight'] },
  'image.previous': { title: 'Previous image', group: 'Images', keys: ['ArrowUp', 'ArrowLeft'] },
  'image.page-forward': { title: 'Ten images on', group: 'Images', keys: ['PageDown'] },
  'image.page-back': { title: 'Ten images back', group: 'Images', keys: ['PageUp'] },
  'image.first': { title: 'First image', group: 'Images', keys: ['Home'] },
  'image.last': { title: 'Last image', group: 'Images', keys: ['End'] },
  'image.retry': { title: 'Try this image again', group: 'Images' },

  'layout.1x1': { title: 'One cell', group: 'Layout' },
  'layout.1x2': { title: 'Two side by side', group: 'Layout' },
  'layout.2x1': { title: 'Two one above the other', group: 'Layout' },
  'layout.2x2': { title: 'Two rows of two', group: 'Layout' },
  'layout.2x3': { title: 'Two rows of three', group: 'Layout' },
  'layout.3x3': { title: 'Three rows of three', group: 'Layout' },
  'layout.next-cell': { title: 'Next cell', group: 'Layout', keys: ['g'] },
  'layout.previous-cell': { title: 'Previous cell', group: 'Layout', keys: ['Shift+G'] },
  'layout.enlarge': { title: 'Enlarge the cell, and back', group: 'Layout', keys: ['Enter'] },

  'cine.toggle': { title: 'Play or stop', group: 'Cine', keys: [' '] },
  'cine.faster': { title: 'Faster', group: 'Cine', keys: ['.'] },
  'cine.slower': { title: 'Slower', group: 'Cine', keys: [','] },

  'tool.window': { title: 'Drag: window and level', group: 'Tools', keys: ['w'] },
  'tool.scroll': { title: 'Drag: scroll', group: 'Tools', keys: ['s'] },
  'tool.zoom': { title: 'Drag: zoom', group: 'Tools', keys: ['z'] },
  'tool.pan': { title: 'Drag: move', group: 'Tools', keys: ['p'] },

  'view.fit': { title: 'Fit to the window', group: 'View', keys: ['f'] },
  'view.actual-size': { title: 'One pixel to one', group: 'View', keys: ['o'] },
  'view.zoom-in': { title: 'Zoom in', group: 'View', keys: ['+', '='] },
  'view.zoom-out': { title: 'Zoom out', group: 'View', keys: ['-'] },
  'view.invert': { title: 'Invert', group: 'View', keys: ['i'] },
  'view.rotate-right': { title: 'Turn right', group: 'View', keys: ['Shift+ArrowRight'] },
  'view.rotate-left': { title: 'Turn left', group: 'View', keys: ['Shift+ArrowLeft'] },
  'view.flip-horizontal': { title: 'Flip left and right', group: 'View', keys: ['h'] },
  'view.flip-vertical': { title: 'Flip up and down', group: 'View', keys: ['v'] },
  'view.reset': { title: 'Reset', group: 'View', keys: ['r', '0'] },
  'view.toggle-texts': { title: 'Show or hide the corner texts', group: 'View', keys: ['c'] },
  'view.full-screen': { title: 'Full screen', group: 'View', keys: ['Shift+F'] },

  'window.preset-1': presetKeys(1),
  'window.preset-2': presetKeys(2),
  'window.preset-3': presetKeys(3),
  'window.preset-4': presetKeys(4),
  'window.preset-5': presetKeys(5),
  'window.preset-6': presetKeys(6),
  'window.preset-7': presetKeys(7),
  'window.preset-8': presetKeys(8),
  'window.preset-9': presetKeys(9),
  'window.of-file': { title: 'Window of the file', group: 'Window', keys: ['d'] },
} satisfies Record<string, CommandDefinition>;

export type CommandName = keyof typeof TABLE;
export const COMMANDS: Readonly<Record<CommandName, CommandDefinition>> = TABLE;
export const COMMAND_NAMES = Object.keys(TABLE) as CommandName[];

export type CommandHandlers = Partial<Record<CommandName, () => void>>;

/** Who carries out which command now; what was provided last goes first. */
export class CommandRegistry {
  #providers: CommandHandlers[] = [];
  #listeners = new Set<() => void>();
  #version = 0;

  provide(handlers: CommandHandlers): () => void {
    this.#providers.unshift(handlers);
    this.#changed();
    return () => {
      this.#providers = this.#providers.filter((provider) => provider !== handlers);
      this.#changed();
    };
  }

  isAvailable(name: CommandName): boolean {
    return this.#handler(name) !== undefined;
  }

  /** Run the command; false when nothing on the screen can carry it out. */
  run(name: CommandName): boolean {
    const handler = this.#handler(name);
    handler?.();
    return handler !== undefined;
  }

  /** Run the command of a pressed key, if there is one and no text is being typed. */
  runKey(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || isTyping(event.target)) return false;
    const pressed = keyOf(event);
    const name = COMMAND_NAMES.find(
      (candidate) => COMMANDS[candidate].keys?.includes(pressed) && this.isAvailable(candidate),
    );
    if (!name || needsKeyItself(event)) return false;
    event.preventDefault();
    return this.run(name);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  version = (): number => this.#version;

  #handler(name: CommandName): (() => void) | undefined {
    return this.#providers.find((provider) => provider[name] !== undefined)?.[name];
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}

export const commands = new CommandRegistry();

/** A key the way people name it: "Shift+F", "Mod+K", "?", "Space". */
export function keyLabel(key: string): string {
  const names: Record<string, string> = {
    ' ': 'Space',
    ArrowUp: '↑',
    ArrowDown: '↓',
    ArrowLeft: '←',
    ArrowRight: '→',
    PageUp: 'Page ↑',
    PageDown: 'Page ↓',
  };
  const parts = key === '+' ? ['+'] : key.split('+');
  return parts
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' + ');
}

function keyOf(event: KeyboardEvent): string {
  const isLetter = /^[a-zA-Z]$/.test(event.key);
  const key = isLetter
    ? event.shiftKey
      ? event.key.toUpperCase()
      : event.key.toLowerCase()
    : event.key;
  const isShifted = event.shiftKey && (isLetter || event.key.length > 1);
  return `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.altKey ? 'Alt+' : ''}${isShifted ? 'Shift+' : ''}${key}`;
}

const TEXT_ROLES = new Set(['textbox', 'combobox', 'searchbox', 'spinbutton']);

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || TEXT_ROLES.has(target.getAttribute('role') ?? '')) return true;
  if (target instanceof HTMLInputElement) {
    return !['button', 'checkbox', 'radio', 'file', 'submit'].includes(target.type);
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** A focused control keeps the keys that it answers itself: Enter and Space press it. */
function needsKeyItself(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('[role="menu"], [role="dialog"], [role="listbox"]')) return true;
  const isPress = event.key === 'Enter' || event.key === ' ';
  if (isPress) return target.closest('button, a, [role="button"], summary') !== null;
  return event.key.startsWith('Arrow') && target.closest('[role="slider"]') !== null;
}
