/** What was deleted, and how it comes back. */
import { get, path, send } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Deletion = Schemas['DeletionModel'];
export type TrashPage = Schemas['TrashPage'];

export const deleteStudy = (studyInstanceUid: string, reason: string) =>
  send<Deletion>(
    'DELETE',
    path('studies', studyInstanceUid) + (reason ? `?reason=${encodeURIComponent(reason)}` : ''),
  );

export const readTrash = (page: number, signal?: AbortSignal) =>
  get<TrashPage>(`/api/trash?page=${page}`, signal);

export const restoreDeletion = (uid: string) =>
  send<Deletion>('POST', path('trash', uid, 'restore'));

export const removeForGood = (uid: string) => send<Deletion>('DELETE', path('trash', uid));
