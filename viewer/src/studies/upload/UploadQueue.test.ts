import { describe, expect, it, vi } from 'vitest';
import type { UploadResult } from '../../api/client';
import { type Send, UploadQueue } from './UploadQueue';
import { filesOfDrop } from './walk';

const file = (name: string, size = 10) => ({
  file: new File(['x'.repeat(size)], name),
  path: name,
});

const result = (name: string, outcome: UploadResult['outcome'], reason = ''): UploadResult => ({
  name,
  outcome,
  reason,
  StudyInstanceUID: null,
  SOPInstanceUID: null,
  PatientName: null,
});

const queue = (send: Send) => new UploadQueue(send, { parallel: 3, notifyMs: 0 });
const finished = (uploads: UploadQueue) =>
  vi.waitFor(() => {
    expect(uploads.snapshot().revision).toBeGreaterThan(0);
    expect(uploads.snapshot().isActive).toBe(false);
  });

describe('uploads', () => {
  it('go three at a time and are counted by what became of them', async () => {
    let now = 0;
    let most = 0;
    const uploads = queue(async (_, name, onProgress) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      onProgress(10);
      now -= 1;
      if (name === 'study.zip') {
        return [
          result('a', 'stored'),
          result('b', 'duplicate'),
          result('c', 'skipped', 'no DICOM'),
        ];
      }
      return [result(name, 'stored')];
    });
    uploads.add(['1', '2', '3', '4', 'study.zip', '.DS_Store'].map((name) => file(name)));
    await finished(uploads);
    const { counts, problems, files, sentBytes, totalBytes } = uploads.snapshot();
    expect(most).toBe(3);
    expect(files).toBe(5);
    expect([sentBytes, totalBytes]).toEqual([50, 50]);
    expect(counts).toEqual({ stored: 5, duplicate: 1, version: 0, skipped: 2, failed: 0 });
    expect(problems.map((problem) => problem.name)).toEqual(['.DS_Store', 'c']);
  });

  it('that failed are listed with the reason and can be tried again', async () => {
    let isBroken = true;
    const uploads = queue(async (_, name) => {
      if (isBroken && name === 'bad') throw new Error('The connection broke');
      return [result(name, 'stored')];
    });
    uploads.add([file('good'), file('bad')]);
    await finished(uploads);
    expect(uploads.snapshot().problems).toMatchObject([
      { name: 'bad', reason: 'The connection broke' },
    ]);
    isBroken = false;
    uploads.retryFailed();
    await vi.waitFor(() => expect(uploads.snapshot().counts.stored).toBe(2));
    expect(uploads.snapshot().counts.failed).toBe(0);
    expect(uploads.snapshot().problems).toEqual([]);
  });

  it('stop when cancelled, those on their way too', async () => {
    const uploads = queue(
      (_file, _name, _progress, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('x')))),
    );
    uploads.add(['1', '2', '3', '4', '5'].map((name) => file(name)));
    uploads.cancel();
    await finished(uploads);
    expect(uploads.snapshot().cancelled).toBe(5);
    expect(uploads.snapshot().counts.failed).toBe(0);
  });
});

describe('a drop', () => {
  const fileEntry = (path: string) => ({
    isFile: true,
    isDirectory: false,
    fullPath: path,
    file: (done: (file: File) => void) => done(new File(['x'], path.split('/').pop() ?? '')),
  });

  function directoryEntry(batches: object[][]) {
    const left = [...batches, []];
    return {
      isFile: false,
      isDirectory: true,
      createReader: () => ({
        readEntries: (done: (entries: object[]) => void) => done(left.shift() ?? []),
      }),
    };
  }

  it('is walked to the bottom of its folders, batch after batch', async () => {
    const inner = directoryEntry([[fileEntry('/top/in/3')]]);
    const top = directoryEntry([[fileEntry('/top/1'), inner], [fileEntry('/top/2')]]);
    const item = (entry: object | null, own: File | null) => ({
      kind: 'file',
      webkitGetAsEntry: () => entry,
      getAsFile: () => own,
    });
    const transfer = { items: [item(top, null), item(null, new File(['x'], 'single'))] };
    const paths: string[] = [];
    for await (const batch of filesOfDrop(transfer as unknown as DataTransfer)) {
      paths.push(...batch.map((found) => found.path));
    }
    expect(paths).toEqual(['top/1', 'top/in/3', 'top/2', 'single']);
  });
});
