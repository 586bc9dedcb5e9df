/** Reading the DICOM JSON model (PS3.18 Annex F). */

export interface JsonElement {
  vr: string;
  Value?: unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}

export type JsonDataset = Record<string, JsonElement>;

export function values(dataset: JsonDataset | undefined, tag: string): unknown[] {
  const value = dataset?.[tag]?.Value;
  return Array.isArray(value) ? value : [];
}

/** The value as text; a person name by its alphabetic group, else the next that is there. */
export function text(dataset: JsonDataset | undefined, tag: string, index = 0): string {
  const value = values(dataset, tag)[index];
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') {
    const name = value as { Alphabetic?: string; Ideographic?: string; Phonetic?: string };
    return name.Alphabetic || name.Ideographic || name.Phonetic || '';
  }
  return String(value).trim();
}

export function texts(dataset: JsonDataset | undefined, tag: string): string[] {
  return values(dataset, tag).map((_, index) => text(dataset, tag, index));
}

/** The value as a number, whether it came as number or digits; undefined when it is neither. */
export function number(
  dataset: JsonDataset | undefined,
  tag: string,
  index = 0,
): number | undefined {
  return toNumber(values(dataset, tag)[index]);
}

export function numbers(dataset: JsonDataset | undefined, tag: string): number[] {
  return values(dataset, tag)
    .map(toNumber)
    .filter((value) => value !== undefined);
}

export function items(dataset: JsonDataset | undefined, tag: string): JsonDataset[] {
  return values(dataset, tag).filter(
    (value): value is JsonDataset => typeof value === 'object' && value !== null,
  );
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}
