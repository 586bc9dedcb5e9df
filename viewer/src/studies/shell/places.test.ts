import { expect, it } from 'vitest';
import { isIn, NETWORK_PLACES, STUDIES, WORKLIST } from './places';

it('knows in which place a page is', () => {
  expect(isIn(STUDIES, '/')).toBe(true);
  expect(isIn(STUDIES, '/studies/1.2.3')).toBe(true);
  expect(isIn(STUDIES, '/worklist')).toBe(false);
  expect(isIn(WORKLIST, '/worklist/12')).toBe(true);
  expect(NETWORK_PLACES.filter((place) => isIn(place, '/network/jobs/7'))).toHaveLength(1);
});
