/** The files of what a person dropped or chose, folders walked to the bottom. */

export interface FoundFile {
  file: File;
  path: string;
}

const SYSTEM_FILE = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$|(^|\/)__MACOSX\//i;

/** Files that systems leave in every folder; never worth sending. */
export const isSystemFile = (path: string): boolean => SYSTEM_FILE.test(path);

/**
 * Walk the entries of a drop in batches. The entries must be taken from the event at once, before
 * anything is awaited: the browser empties it afterwards.
 */
export function filesOfDrop(transfer: DataTransfer): AsyncGenerator<FoundFile[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = items.map((item) => item.getAsFile());
  return walkAll(entries, files);
}

export function filesOfInput(list: FileList): FoundFile[] {
  return [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

async function* walkAll(
  entries: (FileSystemEntry | null)[],
  files: (File | null)[],
): AsyncGenerator<FoundFile[]> {
  for (const [index, entry] of entries.entries()) {
    const file = files[index];
    if (entry?.isDirectory) yield* walk(entry as FileSystemDirectoryEntry);
    else if (file) yield [{ file, path: file.name }];
  }
}

async function* walk(directory: FileSystemDirectoryEntry): AsyncGenerator<FoundFile[]> {
  const reader = directory.createReader();
  // One call answers at most about a hundred entries: ask until there are none.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return;
    const files = entries.filter((entry) => entry.isFile) as FileSystemFileEntry[];
    const found = await Promise.allSettled(files.map(fileOf));
    yield found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    for (const entry of entries) {
      if (entry.isDirectory) yield* walk(entry as FileSystemDirectoryEntry);
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<FoundFile> {
  return new Promise((resolve, reject) =>
    entry.file((file) => resolve({ file, path: entry.fullPath.replace(/^\//, '') }), reject),
  );
}
