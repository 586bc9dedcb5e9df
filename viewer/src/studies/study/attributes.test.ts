import { expect, it } from 'vitest';
import type { Attribute } from '../../api/client';
import { matching } from './attributes';

const attribute = (changes: Partial<Attribute>): Attribute => ({
  tag: '(0010,0010)',
  keyword: 'PatientName',
  name: "Patient's Name",
  vr: 'PN',
  length: 3,
  value: 'Doe',
  items: null,
  ...changes,
});

it('finds by name, keyword, tag with and without signs, and value', () => {
  const all = [attribute({})];
  for (const wanted of ["patient's", 'patientname', '0010,0010', '00100010', 'doe', '']) {
    expect(matching(all, wanted)).toHaveLength(1);
  }
  expect(matching(all, 'study')).toEqual([]);
});

it('keeps a sequence for what is in its items', () => {
  const sequence = attribute({
    tag: '(0040,0275)',
    keyword: 'RequestAttributesSequence',
    name: 'Request Attributes Sequence',
    value: '1 items',
    items: [[attribute({}), attribute({ tag: '(0010,0020)', name: 'Patient ID', value: '7' })]],
  });
  const found = matching([sequence], 'doe');
  expect(found[0]?.items?.[0]).toHaveLength(1);
});
