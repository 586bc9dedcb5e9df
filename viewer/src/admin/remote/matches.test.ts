import { expect, it } from 'vitest';
import type { RemoteMatch } from '../../api/remote';
import { countOf, presenceOf, textOf, valuesOf } from './matches';

const match = (number_here: number, attributes = {}): RemoteMatch => ({
  is_here: number_here > 0,
  number_here,
  ...attributes,
});

it('reads what peers answer, in whichever form', () => {
  const odd = match(0, {
    ModalitiesInStudy: 'CT\\SR',
    NumberOfStudyRelatedInstances: '12 ',
    X: null,
  });
  expect(valuesOf(odd, 'ModalitiesInStudy')).toEqual(['CT', 'SR']);
  expect(valuesOf(match(0, { ModalitiesInStudy: ['MR'] }), 'ModalitiesInStudy')).toEqual(['MR']);
  expect(countOf(odd, 'NumberOfStudyRelatedInstances')).toBe(12);
  expect(countOf(odd, 'NumberOfStudyRelatedSeries')).toBeUndefined();
  expect(textOf(odd, 'X')).toBe('');
});

it('says how much is here already', () => {
  expect(presenceOf(match(0), 200)).toMatchObject({ text: 'not here', isWhole: false });
  expect(presenceOf(match(200), 200)).toMatchObject({
    text: 'here already: 200 of 200',
    isWhole: true,
  });
  expect(presenceOf(match(212), 240)).toMatchObject({ text: '212 of 240 here', tone: 'warning' });
  expect(presenceOf(match(7), undefined).text).toBe('7 here already');
});
