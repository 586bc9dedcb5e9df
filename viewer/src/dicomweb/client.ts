/** The parts of DICOMweb (PS3.18) that the viewer uses. */
import type { JsonDataset } from '../dicom/json';

export const DICOMWEB_ROOT = '/dicom-web';

export const seriesUrl = (studyInstanceUid: string, seriesInstanceUid: string): string =>
  `${DICOMWEB_ROOT}/studies/${encodeURIComponent(studyInstanceUid)}/series/${encodeURIComponent(seriesInstanceUid)}`;

/** WADO-RS Retrieve Frames (PS3.18 10.4.1.1.6), absolute because the image loader needs a host. */
export function frameUrl(
  studyInstanceUid: string,
  seriesInstanceUid: string,
  sopInstanceUid: string,
  frameNumber: number,
): string {
  const path = seriesUrl(studyInstanceUid, seriesInstanceUid);
  const instance = `${path}/instances/${encodeURIComponent(sopInstanceUid)}`;
  return new URL(`${instance}/frames/${frameNumber}`, window.location.origin).href;
}

/** WADO-RS Retrieve Metadata (PS3.18 10.4.1.1.2). */
export async function seriesMetadata(
  studyInstanceUid: string,
  seriesInstanceUid: string,
  signal?: AbortSignal,
): Promise<JsonDataset[]> {
  const response = await fetch(`${seriesUrl(studyInstanceUid, seriesInstanceUid)}/metadata`, {
    headers: { Accept: 'application/dicom+json' },
    signal,
  });
  if (!response.ok) throw new Error(`The series could not be read (${response.status})`);
  return (await response.json()) as JsonDataset[];
}
