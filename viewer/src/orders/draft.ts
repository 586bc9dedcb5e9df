/** The order form's values, and how they become DICOM attributes and back. */
import dayjs from 'dayjs';
import type { Order, OrderAttributes, ReportedStep } from '../api/orders';

/** The parts of a person's name in the order of PS3.5 6.2 (value representation PN). */
export const NAME_PARTS = ['family', 'given', 'middle', 'prefix', 'suffix'] as const;
export type NamePart = (typeof NAME_PARTS)[number];

export interface Draft {
  patientId: string;
  issuer: string;
  family: string;
  given: string;
  middle: string;
  prefix: string;
  suffix: string;
  /** The ideographic and phonetic groups, which the form keeps as they are: "=山田^太郎". */
  otherGroups: string;
  /** "YYYY-MM-DD" */
  birthDate: string;
  sex: string;
  accession: string;
  referringPhysician: string;
  procedure: string;
  procedureId: string;
  priority: string;
  studyInstanceUid: string;
  stepId: string;
  stepDescription: string;
  modality: string;
  station: string;
  stationName: string;
  /** "YYYY-MM-DD" */
  date: string;
  /** "HH:mm" */
  time: string;
  performingPhysician: string;
  reason: string;
  comments: string;
}

export type DraftErrors = Partial<Record<keyof Draft, string>>;

/** What was last entered for a step: the next order most likely goes to the same scanner. */
export interface LastUsed {
  modality?: string;
  station?: string;
}

const ROUND_MINUTES = 5;

export function emptyDraft(now = dayjs(), last: LastUsed = {}): Draft {
  const minutes = Math.ceil(now.minute() / ROUND_MINUTES) * ROUND_MINUTES;
  const start = now.startOf('hour').add(minutes, 'minute');
  return {
    patientId: '',
    issuer: '',
    family: '',
    given: '',
    middle: '',
    prefix: '',
    suffix: '',
    otherGroups: '',
    birthDate: '',
    sex: '',
    accession: '',
    referringPhysician: '',
    procedure: '',
    procedureId: '',
    priority: 'ROUTINE',
    studyInstanceUid: '',
    stepId: '',
    stepDescription: '',
    modality: last.modality ?? '',
    station: last.station ?? '',
    stationName: '',
    date: start.format('YYYY-MM-DD'),
    time: start.format('HH:mm'),
    performingPhysician: '',
    reason: '',
    comments: '',
  };
}

export function splitName(name: string): Record<NamePart, string> & { otherGroups: string } {
  const [alphabetic = '', ...others] = name.split('=');
  const parts = alphabetic.split('^').map((part) => part.trim());
  return {
    family: parts[0] ?? '',
    given: parts[1] ?? '',
    middle: parts[2] ?? '',
    prefix: parts[3] ?? '',
    suffix: parts[4] ?? '',
    otherGroups: others.length > 0 ? `=${others.join('=')}` : '',
  };
}

export function joinName(
  parts: Readonly<Record<NamePart, string>> & { otherGroups?: string },
): string {
  const alphabetic = NAME_PARTS.map((part) => parts[part].trim()).join('^');
  // PS3.5 6.2.1: trailing delimiters of empty parts are left out.
  return alphabetic.replace(/\^+$/, '') + (parts.otherGroups ?? '');
}

/** "Doe, Jane" as people write a physician, or a name in DICOM's own form, as DICOM writes it. */
export function physicianName(typed: string): string {
  const text = typed.trim();
  if (text.includes('^') || text === '') return text;
  const [family = '', given = ''] = text.split(',').map((part) => part.trim());
  return given ? `${family}^${given}` : family;
}

export function typedPhysician(name: string): string {
  const { family, given, middle, prefix, suffix, otherGroups } = splitName(name);
  // What the short form cannot say stays in DICOM's form, so that nothing is lost by a change.
  if (middle || prefix || suffix || otherGroups) return name;
  return given ? `${family}, ${given}` : family;
}

const toDicomDate = (date: string): string => date.replaceAll('-', '');

export function fromDicomDate(date: string): string {
  const found = /^(\d{4})(\d{2})(\d{2})$/.exec(date.trim());
  return found ? `${found[1]}-${found[2]}-${found[3]}` : '';
}

function fromDicomTime(time: string): string {
  const found = /^(\d{2})(\d{2})?/.exec(time.trim());
  return found ? `${found[1]}:${found[2] ?? '00'}` : '';
}

export function draftOf(order: Order): Draft {
  return {
    patientId: order.PatientID,
    issuer: order.IssuerOfPatientID,
    ...splitName(order.PatientName),
    birthDate: fromDicomDate(order.PatientBirthDate),
    sex: order.PatientSex,
    accession: order.AccessionNumber,
    referringPhysician: typedPhysician(order.ReferringPhysicianName),
    procedure: order.RequestedProcedureDescription,
    procedureId: order.RequestedProcedureID,
    priority: order.RequestedProcedurePriority,
    studyInstanceUid: order.StudyInstanceUID,
    stepId: order.ScheduledProcedureStepID,
    stepDescription: order.ScheduledProcedureStepDescription,
    modality: order.Modality,
    station: order.ScheduledStationAETitle.split('\\').join(', '),
    stationName: order.ScheduledStationName,
    date: fromDicomDate(order.ScheduledProcedureStepStartDate),
    time: fromDicomTime(order.ScheduledProcedureStepStartTime),
    performingPhysician: typedPhysician(order.ScheduledPerformingPhysicianName),
    reason: order.ReasonForTheRequestedProcedure,
    comments: order.Comments,
  };
}

/** An order that says what a scanner performed without one. */
export function draftOfStep(step: ReportedStep, now = dayjs()): Draft {
  const empty = emptyDraft(now);
  const [date = '', time = ''] = step.began.split(/\s+/);
  return {
    ...empty,
    patientId: step.PatientID,
    issuer: step.IssuerOfPatientID,
    ...splitName(step.PatientName),
    birthDate: fromDicomDate(step.PatientBirthDate),
    sex: sexOf(step.PatientSex),
    accession: step.AccessionNumber,
    procedure: step.RequestedProcedureDescription || step.description,
    procedureId: step.RequestedProcedureID,
    studyInstanceUid: step.StudyInstanceUID,
    stepId: step.ScheduledProcedureStepID,
    stepDescription: step.ScheduledProcedureStepDescription || step.description,
    modality: step.modality,
    station: step.station_ae_title,
    date: fromDicomDate(date) || empty.date,
    time: fromDicomTime(time) || empty.time,
  };
}

export function attributesOf(draft: Draft): OrderAttributes {
  return {
    AccessionNumber: draft.accession.trim(),
    PatientID: draft.patientId.trim(),
    IssuerOfPatientID: draft.issuer.trim(),
    PatientName: joinName(draft),
    PatientBirthDate: toDicomDate(draft.birthDate),
    PatientSex: draft.sex,
    ReferringPhysicianName: physicianName(draft.referringPhysician),
    RequestedProcedureID: draft.procedureId.trim(),
    RequestedProcedureDescription: draft.procedure.trim(),
    RequestedProcedurePriority: draft.priority,
    StudyInstanceUID: draft.studyInstanceUid.trim(),
    ScheduledProcedureStepID: draft.stepId.trim(),
    ScheduledProcedureStepDescription: draft.stepDescription.trim() || draft.procedure.trim(),
    Modality: draft.modality.trim().toUpperCase(),
    ScheduledStationAETitle: stationsOf(draft).join('\\'),
    ScheduledStationName: draft.stationName.trim(),
    ScheduledProcedureStepStartDate: toDicomDate(draft.date),
    ScheduledProcedureStepStartTime: draft.time ? `${draft.time.replaceAll(':', '')}00` : '',
    ScheduledPerformingPhysicianName: physicianName(draft.performingPhysician),
    ReasonForTheRequestedProcedure: draft.reason.trim(),
    Comments: draft.comments.trim(),
  };
}

/**
 * What is sent when an order is changed: it carries more than the form shows (codes, allergies, seconds of a time),
 * and whatever was not touched stays as it was.
 */
export function changedAttributes(order: Order, draft: Draft): OrderAttributes {
  const isAttribute = ([name]: [string, unknown]) => /^[A-Z]/.test(name);
  const before = Object.fromEntries(Object.entries(order).filter(isAttribute)) as Order;
  const after = attributesOf(draft);
  const hasSameTime = draft.time === fromDicomTime(order.ScheduledProcedureStepStartTime);
  return {
    ...before,
    ...after,
    ...(hasSameTime
      ? { ScheduledProcedureStepStartTime: order.ScheduledProcedureStepStartTime }
      : {}),
  };
}

/** The longest value of each text, in characters (PS3.5 table 6.2-1). */
const LONGEST: Partial<Record<keyof Draft, number>> = {
  patientId: 64,
  issuer: 64,
  accession: 16,
  referringPhysician: 64,
  procedure: 64,
  procedureId: 16,
  stepId: 16,
  stepDescription: 64,
  modality: 16,
  stationName: 16,
  performingPhysician: 64,
  reason: 64,
  comments: 10_240,
};

const hasControl = (text: string): boolean =>
  [...text].some((letter) => (letter.codePointAt(0) ?? 0) < 32 && !/[\n\r\t]/.test(letter));

/** What is wrong with the form, a sentence for each field; empty when it can be saved. */
export function validate(draft: Draft, today = dayjs()): DraftErrors {
  const errors: DraftErrors = {};
  for (const [field, longest] of Object.entries(LONGEST) as [keyof Draft, number][]) {
    const text = draft[field].trim();
    if (text.length > longest) {
      errors[field] = `At most ${longest} characters; these are ${text.length}.`;
    } else if (field !== 'comments' && text.includes('\\')) {
      errors[field] = 'A backslash parts several values in DICOM: leave it out.';
    } else if (hasControl(text)) errors[field] = 'There is an invisible control character in it.';
  }
  for (const part of NAME_PARTS) {
    if (/[\\^=]/.test(draft[part]))
      errors[part] = 'Without ^, = and \\: DICOM parts names by them.';
  }
  if (joinName({ ...draft, otherGroups: '' }).length > 64) {
    errors.family ??= 'The whole name may have 64 characters at most.';
  }
  if (!draft.patientId.trim()) errors.patientId = 'Every patient needs an ID.';
  if (!draft.family.trim() && !draft.given.trim() && !draft.otherGroups) {
    errors.family ??= 'Enter at least one part of the name.';
  }
  if (draft.birthDate && dayjs(draft.birthDate).isAfter(today, 'day')) {
    errors.birthDate = 'A birth date cannot lie in the future.';
  }
  if (!/^[A-Z0-9_ ]*$/.test(draft.modality.trim().toUpperCase())) {
    errors.modality = 'A modality is a code of capital letters, such as CT.';
  } else if (!draft.modality.trim()) errors.modality = 'Which kind of scanner? Such as CT, MR, US.';
  const stations = stationsOf(draft);
  const tooLong = stations.find((one) => one.length > 16);
  if (tooLong) errors.station = `“${tooLong}” is longer than the 16 characters of an AE title.`;
  else if (/\\/.test(draft.station)) errors.station = 'Part several AE titles by commas.';
  else if (stations.length === 0) {
    errors.station = 'Enter the AE title of the scanner that shall see this in its worklist.';
  }
  if (draft.studyInstanceUid.trim() && !isUid(draft.studyInstanceUid.trim())) {
    errors.studyInstanceUid = 'A UID has digits and single points only, 64 at most.';
  }
  if (!draft.date) errors.date = 'On which day?';
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(draft.time)) errors.time = 'A time from 00:00 to 23:59.';
  return errors;
}

/** A step may be open to several scanners: ScheduledStationAETitle has one value or more. */
const stationsOf = (draft: Draft): string[] =>
  draft.station
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);

const isUid = (text: string): boolean =>
  text.length <= 64 && /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/.test(text);

/** A person under some Patient ID, as a study or an earlier order knows them. */
export interface KnownPatient {
  PatientID: string;
  IssuerOfPatientID: string;
  PatientName: string;
  PatientBirthDate: string;
  PatientSex: string;
  /** Where this is known from, in words. */
  source: string;
}

/** Everyone known under exactly this ID, each once; the first mention of a person counts. */
export function knownPatients(id: string, found: readonly KnownPatient[]): KnownPatient[] {
  const people = new Map<string, KnownPatient>();
  for (const one of found) {
    if (one.PatientID.trim() !== id.trim()) continue;
    const key = [one.PatientName, one.PatientBirthDate, one.IssuerOfPatientID].join('\n');
    if (!people.has(key)) people.set(key, one);
  }
  return [...people.values()];
}

export const withPatient = (draft: Draft, patient: KnownPatient): Draft => ({
  ...draft,
  ...splitName(patient.PatientName),
  issuer: patient.IssuerOfPatientID,
  birthDate: fromDicomDate(patient.PatientBirthDate),
  sex: sexOf(patient.PatientSex),
});

/** A sex as the form knows it (PS3.3 C.2.3.1); "" for what is none. */
const sexOf = (sex: string): string => (['M', 'F', 'O'].includes(sex) ? sex : '');

/** Whether nothing was entered about the person yet, so that filling it in destroys nothing. */
export const hasNoPatient = (draft: Draft): boolean =>
  ![...NAME_PARTS.map((part) => draft[part]), draft.otherGroups, draft.birthDate, draft.sex].some(
    (text) => text.trim(),
  );

/** Whether the form is about this person; letter case does not tell people apart. */
export const isSamePatient = (draft: Draft, patient: KnownPatient): boolean =>
  joinName(draft).toLowerCase() === patient.PatientName.trim().toLowerCase() &&
  (!draft.birthDate ||
    !patient.PatientBirthDate ||
    draft.birthDate === fromDicomDate(patient.PatientBirthDate));
