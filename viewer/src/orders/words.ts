/** What is said of an order, in words. */
import dayjs, { type Dayjs } from 'dayjs';
import type { Order, OrderStatus, ProcedureStep } from '../api/orders';
import { formatDate, formatName, formatSex, formatTime } from '../dicom/format';
import { counted, formatCount } from '../ui/bytes';
import type { Tone } from '../ui/StateBadge';

export const STATUS_TONES: Record<OrderStatus, Tone> = {
  scheduled: 'quiet',
  arrived: 'waiting',
  'in progress': 'busy',
  completed: 'good',
  discontinued: 'warning',
  cancelled: 'quiet',
};

/** The states of PS3.3 table C.4-14. */
export const STEP_TONES: Record<string, Tone> = {
  'in progress': 'busy',
  completed: 'good',
  discontinued: 'warning',
};

/** The priorities of PS3.3 table C.4-11, the most urgent first. */
export const PRIORITIES: Record<string, string> = {
  STAT: 'Emergency (STAT)',
  HIGH: 'High',
  ROUTINE: 'Routine',
  MEDIUM: 'Medium',
  LOW: 'Low',
};

type Person = Pick<Order, 'PatientName' | 'PatientID' | 'PatientBirthDate' | 'PatientSex'>;

export const whoseOrder = (order: Person): string =>
  formatName(order.PatientName) || order.PatientID || 'No name';

export const personOf = (order: Person): string =>
  [order.PatientID, formatDate(order.PatientBirthDate), formatSex(order.PatientSex)]
    .filter(Boolean)
    .join(' · ');

/** "20261124 093012" or "20261124093012" as "2026-11-24 09:30". */
export function formatStepTime(text: string): string {
  const found = /^(\d{8})\s*T?(\d{2})(\d{2})/.exec(text);
  return found ? `${formatDate(found[1])} ${found[2]}:${found[3]}` : text;
}

/** From when to when a step was performed: "09:31 to 09:45", with the day where it is asked for. */
export function whenPerformed(step: ProcedureStep, hasDay: boolean): string {
  const [began, ended] = [formatStepTime(step.began), formatStepTime(step.ended)];
  const [day = '', time = ''] = began.split(' ');
  const from = hasDay || !time ? began : time;
  if (!ended) return from;
  const end = ended.startsWith(`${day} `) ? ended.slice(day.length + 1) : ended;
  return end === time ? from : `${from} to ${end}`;
}

/** "4 of 6 images", of all series of a step; "" where the scanner named none yet. */
export function imagesOf(step: ProcedureStep): string {
  const sum = (name: 'referenced_instances' | 'received_instances') =>
    step.series.reduce((total, series) => total + series[name], 0);
  const [made, here] = [sum('referenced_instances'), sum('received_instances')];
  return made > 0 ? `${formatCount(here)} of ${counted(made, 'image')}` : '';
}

export const procedureOf = (order: Order): string =>
  order.ScheduledProcedureStepDescription || order.RequestedProcedureDescription;

export const stationOf = (order: Order): string =>
  order.ScheduledStationAETitle.split('\\').join(', ');

export const timeOf = (order: Order): string => formatTime(order.ScheduledProcedureStepStartTime);

/** "Today", "Tomorrow", "Wed 25 Nov", with the year where it is another one. */
export function dayOf(order: Order, today: Dayjs = dayjs()): string {
  const iso = formatDate(order.ScheduledProcedureStepStartDate);
  const day = dayjs(iso);
  if (!/^\d{4}-/.test(iso) || !day.isValid()) return iso;
  const away = day.startOf('day').diff(today.startOf('day'), 'day');
  if (away === 0) return 'Today';
  if (away === 1) return 'Tomorrow';
  if (away === -1) return 'Yesterday';
  return day.format(day.year() === today.year() ? 'ddd D MMM' : 'D MMM YYYY');
}

/** By the time of the step, then by name, so that the list does not jump. */
export const byTime = (a: Order, b: Order): number =>
  keyOf(a).localeCompare(keyOf(b)) || String(a.id).localeCompare(String(b.id));

const keyOf = (order: Order): string =>
  [
    order.ScheduledProcedureStepStartDate,
    order.ScheduledProcedureStepStartTime.padEnd(6, '0'),
    order.PatientName,
  ].join(' ');

/** "212 of 240 received", "12 received"; "" where no image is expected or here. */
export function receivedOf(order: Order): string {
  const [expected, received] = [order.expected_instances ?? 0, order.received_instances ?? 0];
  if (expected > 0) return `${formatCount(received)} of ${formatCount(expected)} received`;
  return received > 0 ? `${formatCount(received)} received` : '';
}

/** Whether the step is over and images of it are missing. */
export const isShort = (order: Order): boolean =>
  (order.status === 'completed' || order.status === 'discontinued') &&
  (order.expected_instances ?? 0) > (order.received_instances ?? 0);

/** Whether the order is still before the scanner, where a person may change its course. */
export const isAhead = (order: Order): boolean =>
  order.status === 'scheduled' || order.status === 'arrived';

const IN_THE_FORM = new Set([
  'AccessionNumber',
  'PatientID',
  'IssuerOfPatientID',
  'PatientName',
  'PatientBirthDate',
  'PatientSex',
  'ReferringPhysicianName',
  'RequestedProcedureID',
  'RequestedProcedureDescription',
  'RequestedProcedurePriority',
  'ReasonForTheRequestedProcedure',
  'StudyInstanceUID',
  'ScheduledProcedureStepID',
  'ScheduledProcedureStepDescription',
  'Modality',
  'ScheduledStationAETitle',
  'ScheduledStationName',
  'ScheduledProcedureStepStartDate',
  'ScheduledProcedureStepStartTime',
  'ScheduledPerformingPhysicianName',
  'Comments',
]);

/** What another system said of the order that has no field in the form: allergies, codes, a contrast agent. */
export function furtherFacts(order: Order): [string, string][] {
  return Object.entries(order)
    .filter(([keyword]) => /^[A-Z]/.test(keyword) && !IN_THE_FORM.has(keyword))
    .map(([keyword, value]): [string, string] => [titleOf(keyword), textOf(keyword, value)])
    .filter(([, text]) => text !== '');
}

/** "PregnancyStatus" as "Pregnancy status". */
const titleOf = (keyword: string): string =>
  keyword
    .replace(/Sequence$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .split(' ')
    .map((word, index) => (index === 0 || /^[A-Z]{2}/.test(word) ? word : word.toLowerCase()))
    .join(' ');

function textOf(keyword: string, value: unknown): string {
  if (Array.isArray(value)) {
    return (value as { CodeValue: string; CodeMeaning: string }[])
      .map((code) => `${code.CodeMeaning} (${code.CodeValue})`)
      .join(', ');
  }
  if (typeof value !== 'string') return '';
  if (/Date$/.test(keyword)) return formatDate(value);
  return keyword.endsWith('Name') || keyword.endsWith('Physician') ? formatName(value) : value;
}
