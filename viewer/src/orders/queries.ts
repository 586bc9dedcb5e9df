/** What the worklist reads and changes. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import dayjs from 'dayjs';
import { findStudies, readServer, studyOf } from '../api/client';
import {
  changeOrder,
  createOrder,
  findOrders,
  type Order,
  type OrderAttributes,
  type OrderQuery,
  type OrderStatus,
  readOrder,
  readProcedureSteps,
  readUnscheduledSteps,
  setOrderStatus,
} from '../api/orders';
import { formatDate } from '../dicom/format';
import { showFailure, toasts } from '../ui/toasts';
import { type KnownPatient, knownPatients } from './draft';
import { whoseOrder } from './words';

const POLL_MS = 5000;
const MOST = 500;

/** A week before and after today as a DICOM range of dates. */
const aroundToday = (): string =>
  [dayjs().subtract(7, 'day'), dayjs().add(7, 'day')]
    .map((day) => day.format('YYYYMMDD'))
    .join('-');

export const useOrders = (query: OrderQuery) =>
  useQuery({
    queryKey: ['orders', query],
    queryFn: ({ signal }) => findOrders(query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });

export const useOrder = (id: string, known: Order | undefined) =>
  useQuery({
    queryKey: ['orders', 'one', id],
    queryFn: ({ signal }) => readOrder(id, signal),
    placeholderData: known,
    refetchInterval: POLL_MS,
  });

/** The orders that somebody has to look at, whichever day is on the screen. */
export const useAttention = () =>
  useQuery({
    queryKey: ['orders', 'attention'],
    queryFn: async ({ signal }) =>
      (await findOrders({ needsAttention: true, pageSize: MOST }, signal)).orders,
    refetchInterval: 2 * POLL_MS,
  });

export const useProcedureSteps = (id: string) =>
  useQuery({
    queryKey: ['orders', 'steps', id],
    queryFn: ({ signal }) => readProcedureSteps(id, signal),
    refetchInterval: POLL_MS,
  });

/** What was reported without an order; under "orders", because an order that is made changes it too. */
export const useUnscheduledSteps = (date: string, page: number) =>
  useQuery({
    queryKey: ['orders', 'unscheduled', date, page],
    queryFn: ({ signal }) => readUnscheduledSteps(date, page, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 2 * POLL_MS,
  });

/** The study of an order, once images of it are here. */
export const useStudyOf = (studyInstanceUid: string) =>
  useQuery({
    queryKey: ['studies', 'one', studyInstanceUid],
    queryFn: async ({ signal }) => (await studyOf(studyInstanceUid, signal)) ?? null,
    enabled: studyInstanceUid !== '',
    refetchInterval: POLL_MS,
  });

export interface Station {
  title: string;
  modality: string;
}

/** The scanners that have orders around today, each with what it makes. */
export const useStations = () =>
  useQuery({
    queryKey: ['orders', 'stations'],
    queryFn: async ({ signal }) => {
      const { orders } = await findOrders({ date: aroundToday(), pageSize: MOST }, signal);
      const stations = new Map<string, string>();
      for (const order of orders) {
        const title = order.ScheduledStationAETitle;
        if (title && !title.includes('\\') && !stations.has(title)) {
          stations.set(title, order.Modality);
        }
      }
      return [...stations]
        .map(([title, modality]): Station => ({ title, modality }))
        .sort((a, b) => a.title.localeCompare(b.title));
    },
    staleTime: 30_000,
  });

/** Who is known under a patient ID, from studies and from orders. */
export const useKnownPatients = (patientId: string) =>
  useQuery({
    queryKey: ['known-patients', patientId],
    queryFn: async ({ signal }): Promise<KnownPatient[]> => {
      const [studies, orders] = await Promise.all([
        findStudies({ q: patientId, pageSize: 50 }, signal),
        findOrders({ patientId, pageSize: 50 }, signal),
      ]);
      return knownPatients(patientId, [
        ...studies.studies.map((study) => ({
          ...study,
          source: `a study of ${formatDate(study.StudyDate) || 'unknown date'}`,
        })),
        ...orders.orders.map((order) => ({
          ...order,
          source: `an order for ${formatDate(order.ScheduledProcedureStepStartDate)}`,
        })),
      ]);
    },
    enabled: patientId !== '',
    staleTime: 30_000,
  });

export const useServer = () =>
  useQuery({
    queryKey: ['server'],
    queryFn: ({ signal }) => readServer(signal),
    staleTime: 60_000,
  });

/** Keep an order, a new one where it has no ID yet, made of a performed step where one is given. */
export function useSaveOrder(id: string | undefined, procedureStepUid?: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (order: OrderAttributes) =>
      id === undefined ? createOrder(order, procedureStepUid) : changeOrder(id, order),
    onSettled: () => client.invalidateQueries({ queryKey: ['orders'] }),
  });
}

const DONE: Partial<Record<OrderStatus, string>> = {
  arrived: 'has arrived',
  cancelled: 'is cancelled',
  scheduled: 'is scheduled again',
};

/** Move an order to another status, with a way back. */
export function useMoveOrder() {
  const client = useQueryClient();
  const undo = async (order: Order, status: OrderStatus): Promise<void> => {
    try {
      // The scanner may have gone on meanwhile, and knows better.
      const now = await readOrder(String(order.id));
      if (now.status === status) await setOrderStatus(String(order.id), order.status);
      else {
        toasts.show(`The order of ${whoseOrder(order)} is ${now.status} by now, and stays so.`, {
          tone: 'warning',
        });
      }
    } catch (error) {
      showFailure('It could not be undone', error);
    } finally {
      await client.invalidateQueries({ queryKey: ['orders'] });
    }
  };
  const move = async (order: Order, status: OrderStatus): Promise<void> => {
    try {
      await setOrderStatus(String(order.id), status);
      if (status === order.status) {
        toasts.show(`The order of ${whoseOrder(order)} needs no more attention.`);
        return;
      }
      const what = status === 'arrived' ? whoseOrder(order) : `The order of ${whoseOrder(order)}`;
      toasts.show(`${what} ${DONE[status] ?? `is ${status}`}.`, {
        action: { label: 'Undo', run: () => void undo(order, status) },
      });
    } catch (error) {
      showFailure('The order was not changed', error);
    } finally {
      await client.invalidateQueries({ queryKey: ['orders'] });
    }
  };
  return (order: Order, status: OrderStatus) => void move(order, status);
}
