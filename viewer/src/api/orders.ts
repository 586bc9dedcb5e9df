/** Orders, and the performed procedure steps that scanners report for them. */
import { get, path, send } from './client';

export const ORDER_STATUSES = [
  'scheduled',
  'arrived',
  'in progress',
  'completed',
  'discontinued',
  'cancelled',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export interface OrderAttributes {
  AccessionNumber: string;
  PatientID: string;
  IssuerOfPatientID: string;
  PatientName: string;
  PatientBirthDate: string;
  PatientSex: string;
  ReferringPhysicianName: string;
  RequestedProcedureID: string;
  RequestedProcedureDescription: string;
  RequestedProcedurePriority: string;
  StudyInstanceUID: string;
  ScheduledProcedureStepID: string;
  ScheduledProcedureStepDescription: string;
  Modality: string;
  ScheduledStationAETitle: string;
  ScheduledStationName: string;
  ScheduledProcedureStepStartDate: string;
  ScheduledProcedureStepStartTime: string;
  ScheduledPerformingPhysicianName: string;
  ReasonForTheRequestedProcedure: string;
  Comments: string;
}

export interface Order extends OrderAttributes {
  id: number | string;
  status: OrderStatus;
  needs_attention: string;
  expected_instances: number | null;
  received_instances: number | null;
  created_us: number;
  updated_us: number;
  created_by: string;
}

export interface OrderPage {
  orders: Order[];
  total: number;
  page: number;
  page_size: number;
}

export interface ProcedureStep {
  sop_instance_uid: string;
  status: string;
  station_ae_title: string;
  began: string;
  ended: string;
  modality: string;
  description: string;
  discontinuation_reason: string;
  series: {
    SeriesInstanceUID: string;
    SeriesDescription: string;
    referenced_instances: number;
    received_instances: number;
  }[];
}

export interface OrderQuery {
  q?: string;
  /** A DICOM date or range of dates. */
  date?: string;
  status?: string;
  modality?: string;
  station?: string;
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
  search.set('page', String(query.page ?? 1));
  search.set('page_size', String(query.pageSize ?? 25));
  return search;
}

export const findOrders = (query: OrderQuery, signal?: AbortSignal) =>
  get<OrderPage>(`/api/orders?${orderSearch(query)}`, signal);

export const readOrder = (id: string, signal?: AbortSignal) =>
  get<Order>(path('orders', id), signal);

export const readProcedureSteps = (id: string, signal?: AbortSignal) =>
  get<{ procedure_steps: ProcedureStep[] }>(path('orders', id, 'procedure-steps'), signal);

export const createOrder = (order: OrderAttributes) => send<Order>('POST', '/api/orders', order);

export const changeOrder = (id: string, order: OrderAttributes) =>
  send<Order>('PUT', path('orders', id), order);

export const setOrderStatus = (id: string, status: OrderStatus) =>
  send<Order>('POST', path('orders', id, 'status'), { status });
