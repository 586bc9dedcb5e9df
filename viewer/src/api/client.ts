/** The archive's own JSON API, typed by its OpenAPI document. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Study = Schemas['Study'];
export type StudyDetail = Schemas['StudyDetail'];
export type Series = Schemas['Series'];
export type StudyPage = Schemas['StudyPage'];
export type Totals = Schemas['Totals'];
export type Server = Schemas['Server'];
export type Attribute = Schemas['Attribute'];
export type UploadResult = Schemas['UploadResult'];

/** An answer that is no success, with the words of its problem document (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
    this.name = 'ApiError';
  }
}

export interface StudyQuery {
  q?: string;
  from?: string;
  to?: string;
  modalities?: readonly string[];
  sort?: string;
  page?: number;
  pageSize?: number;
}

export function studySearch(query: StudyQuery): URLSearchParams {
  const search = new URLSearchParams();
  if (query.q?.trim()) search.set('q', query.q.trim());
  if (query.from || query.to) search.set('StudyDate', dateRange(query.from, query.to));
  for (const modality of query.modalities ?? []) search.append('ModalitiesInStudy', modality);
  if (query.sort) search.set('sort', query.sort);
  search.set('page', String(query.page ?? 1));
  search.set('page_size', String(query.pageSize ?? 25));
  return search;
}

/** A DICOM date range (PS3.4 C.2.2.2.5), open where an end is missing. */
function dateRange(from = '', to = ''): string {
  const [lower, upper] = [from.replaceAll('-', ''), to.replaceAll('-', '')];
  return lower === upper ? lower : `${lower}-${upper}`;
}

export const path = (...parts: string[]): string =>
  `/api/${parts.map(encodeURIComponent).join('/')}`;

export const findStudies = (query: StudyQuery, signal?: AbortSignal) =>
  get<StudyPage>(`/api/studies?${studySearch(query)}`, signal);

/** The study of this UID if it is here: a question, where `readStudy` takes it as a fault. */
export const studyOf = async (
  studyInstanceUid: string,
  signal?: AbortSignal,
): Promise<Study | undefined> =>
  (
    await get<StudyPage>(
      `/api/studies?StudyInstanceUID=${encodeURIComponent(studyInstanceUid)}&page_size=1`,
      signal,
    )
  ).studies[0];

export const readStudy = (
  studyInstanceUid: string,
  patientKey: number | undefined,
  signal?: AbortSignal,
) =>
  get<StudyDetail>(
    path('studies', studyInstanceUid) +
      (patientKey === undefined ? '' : `?patient_key=${patientKey}`),
    signal,
  );

export const readAttributes = (
  studyInstanceUid: string,
  seriesInstanceUid: string,
  sopInstanceUid: string,
  signal?: AbortSignal,
) =>
  get<Attribute[]>(
    instancePath(studyInstanceUid, seriesInstanceUid, sopInstanceUid, 'attributes'),
    signal,
  );

export const readTotals = (signal?: AbortSignal) => get<Totals>('/api/totals', signal);
export const readServer = (signal?: AbortSignal) => get<Server>('/api/server', signal);

export const studyArchiveUrl = (studyInstanceUid: string): string =>
  path('studies', studyInstanceUid, 'archive.zip');

export const seriesArchiveUrl = (studyInstanceUid: string, seriesInstanceUid: string): string =>
  path('studies', studyInstanceUid, 'series', seriesInstanceUid, 'archive.zip');

export const instanceFileUrl = (
  studyInstanceUid: string,
  seriesInstanceUid: string,
  sopInstanceUid: string,
): string => instancePath(studyInstanceUid, seriesInstanceUid, sopInstanceUid, 'file');

function instancePath(study: string, series: string, sop: string, what: string): string {
  return path('studies', study, 'series', series, 'instances', sop, what);
}

export const get = <Answer>(url: string, signal?: AbortSignal): Promise<Answer> =>
  ask<Answer>(url, { signal });

/** Ask the archive to change something; an answer without content gives undefined. */
export const send = <Answer>(
  method: 'POST' | 'PUT' | 'DELETE',
  url: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> =>
  ask<Answer>(url, {
    method,
    signal,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });

async function ask<Answer>(url: string, request: RequestInit): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...request,
      headers: { Accept: 'application/json', ...request.headers },
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new ApiError(0, 'The archive does not answer', 'The archive does not answer.');
  }
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as { title?: string; detail?: unknown };
  const title = problem.title ?? `The archive answered ${response.status}`;
  return new ApiError(
    response.status,
    title,
    typeof problem.detail === 'string' ? problem.detail : '',
  );
}

/** Send one file; progress by XMLHttpRequest, since fetch tells nothing about what was sent. */
export function uploadFile(
  file: Blob,
  name: string,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<UploadResult[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const settle = () => signal.removeEventListener('abort', abort);
    request.open('POST', `/api/uploads?name=${encodeURIComponent(name)}`);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.responseType = 'json';
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      settle();
      const answer = request.response as {
        results?: UploadResult[];
        title?: string;
        detail?: unknown;
      } | null;
      if (request.status >= 200 && request.status < 300) {
        resolve(answer?.results ?? []);
        return;
      }
      const detail = typeof answer?.detail === 'string' ? answer.detail : '';
      reject(
        new ApiError(
          request.status,
          answer?.title ?? `The archive answered ${request.status}`,
          detail,
        ),
      );
    };
    request.onerror = () => {
      settle();
      reject(new ApiError(0, 'The connection broke', 'The connection to the archive broke.'));
    };
    request.onabort = () => {
      settle();
      reject(new DOMException('Cancelled', 'AbortError'));
    };
    if (signal.aborted) {
      reject(new DOMException('Cancelled', 'AbortError'));
      return;
    }
    signal.addEventListener('abort', abort);
    request.send(file);
  });
}
