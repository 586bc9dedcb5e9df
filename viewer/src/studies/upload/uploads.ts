import { createContext, useContext, useSyncExternalStore } from 'react';
import { uploadFile } from '../../api/client';
import { UploadQueue, type UploadSummary } from './UploadQueue';

/** One queue for the whole app, so that uploads go on while a person looks at a study. */
export const UploadContext = createContext(new UploadQueue(uploadFile));

export const useUploads = (): UploadQueue => useContext(UploadContext);

export function useUploadSummary(): UploadSummary {
  const uploads = useUploads();
  return useSyncExternalStore(uploads.subscribe, uploads.snapshot);
}
