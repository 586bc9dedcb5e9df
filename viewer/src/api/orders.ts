/** Orders, and the performed procedure steps that scanners report for them. */
import { get, path, send } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Order = Schemas['KeptOrder'];
/** What is left out is empty. */
export type OrderAttributes = Partial<Schemas['NewOrder']>;
export type OrderPage = Schemas['OrderPage'];
export type OrderStatus = Order['status'];
export type ProcedureStep = Schemas['ProcedureStep'];
/** A performed step with whom it was for. */
export type ReportedStep = Schemas['ReportedStep'];

export const ORDER_STATUSES: readonly OrderStatus[] = [
  'scheduled',
  'arrived',
  'in progress',
  'completed',
  'discontinued',
  'cancelled',
];

export interface OrderQuery {
  q?: string;
  /** A DICOM date or range of dates. */
  date?: string;
  status?: string;
  modality?: string;
  station?: string;
  patientId?: string;
  needsAttention?: boolean;
  page?: number;
  pageSize?: number;
}

export function orderSearch(query: OrderQuery): URLSearchParams {
  const search = new URLSearchParams();
  if (query.q?.trim()) search.set('q', query.q.trim());
  if (query.date) search.set('date', query.date);
  if (query.status) search.set('status', query.status);
  if (query.modality) search.set('Modality', query.modality);
  if (query.station) search.set('ScheduledStationAETitle', query.station);
  if (query.patientId) search.set('PatientID', query.patientId);
  if (query.needsAttention) search.set('needs_attention', 'true');
  search.set('page', String(query.page ?? 1));
  search.set('page_size', String(query.pageSize ?? 25));
  return search;
}

export const findOrders = (query: OrderQuery, signal?: AbortSignal) =>
  get<OrderPage>(`/api/orders?${orderSearch(query)}`, signal);

export const readOrder = (id: string, signal?: AbortSignal) =>
  get<Order>(path('orders', id), signal);

export const readProcedureSteps = (id: string, signal?: AbortSignal) =>
  get<Schemas['ProcedureStepList']>(path('orders', id, 'procedure-steps'), signal);

/** The performed steps of a day, or a range of days, that no order belongs to. */
export const readUnscheduledSteps = (date: string, page: number, signal?: AbortSignal) =>
  get<Schemas['ReportedStepPage']>(
    `/api/procedure-steps?${new URLSearchParams({ unscheduled: 'true', date, page: String(page) })}`,
    signal,
  );

/** Keep a new order; one that is made of a performed step has that step's status. */
export const createOrder = (order: OrderAttributes, procedureStepUid?: string) =>
  send<Order>(
    'POST',
    procedureStepUid
      ? `/api/orders?${new URLSearchParams({ procedure_step_uid: procedureStepUid })}`
      : '/api/orders',
    order,
  );

export const changeOrder = (id: string, order: OrderAttributes) =>
  send<Order>('PUT', path('orders', id), order);

export const setOrderStatus = (id: string, status: OrderStatus) =>
  send<Order>('POST', path('orders', id, 'status'), { status });
