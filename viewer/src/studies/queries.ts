/** What the screens read from the archive, cached and kept fresh by the feed of changes. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import {
  ApiError,
  findStudies,
  readAttributes,
  readServer,
  readStudy,
  readTotals,
  type StudyQuery,
} from '../api/client';
import type { JsonDataset } from '../dicom/json';
import { seriesMetadata } from '../dicomweb/client';

export const useStudies = (query: StudyQuery) =>
  useQuery({
    queryKey: ['studies', query],
    queryFn: ({ signal }) => findStudies(query, signal),
    placeholderData: keepPreviousData,
  });

export const useStudy = (studyInstanceUid: string, patientKey: number | undefined) =>
  useQuery({
    queryKey: ['study', studyInstanceUid, patientKey ?? null],
    queryFn: ({ signal }) => readStudy(studyInstanceUid, patientKey, signal),
  });

/** Read anew when the number of instances grew; shows what is known until then. */
export const useSeriesMetadata = (
  studyInstanceUid: string,
  seriesInstanceUid: string,
  numberOfInstances: number,
  isWanted: boolean,
) =>
  useQuery<JsonDataset[]>({
    queryKey: ['metadata', studyInstanceUid, seriesInstanceUid, numberOfInstances],
    queryFn: ({ signal }) => seriesMetadata(studyInstanceUid, seriesInstanceUid, signal),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: (previous, query) =>
      query?.queryKey[2] === seriesInstanceUid ? previous : undefined,
  });

export const useAttributes = (
  studyInstanceUid: string,
  seriesInstanceUid: string,
  sopInstanceUid: string,
) =>
  useQuery({
    queryKey: ['attributes', studyInstanceUid, seriesInstanceUid, sopInstanceUid],
    queryFn: ({ signal }) =>
      readAttributes(studyInstanceUid, seriesInstanceUid, sopInstanceUid, signal),
    enabled: sopInstanceUid !== '',
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const useTotals = () =>
  useQuery({ queryKey: ['totals'], queryFn: ({ signal }) => readTotals(signal) });

export const useServer = () =>
  useQuery({
    queryKey: ['server'],
    queryFn: ({ signal }) => readServer(signal),
    staleTime: 60_000,
  });

/** An answer about the question itself will not get better by asking again. */
export function shouldRetry(failures: number, error: unknown): boolean {
  const isFinal = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return !isFinal && failures < 2;
}
