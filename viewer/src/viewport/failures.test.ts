import { describe, expect, it, vi } from 'vitest';
import { explainFailure } from './failures';
import { resetProperties } from './stackView';

describe('why an image is not shown', () => {
  it('gives the status of an answer, never the name of a class', () => {
    const request = new XMLHttpRequest();
    vi.spyOn(request, 'status', 'get').mockReturnValue(404);
    vi.spyOn(request, 'statusText', 'get').mockReturnValue('Not Found');
    for (const error of [request, { error: { request, message: '[object XMLHttpRequest]' } }]) {
      const { reason, detail } = explainFailure(error);
      expect(reason).toContain('does not have this image');
      expect(detail).toBe('The answer was 404 Not Found');
    }
  });

  it('calls an image damaged whose pixels are too few', () => {
    const { reason } = explainFailure(new Error('Its pixel data is shorter than it should be.'));
    expect(reason).toBe('This image is damaged');
  });
});

describe('the properties of an image', () => {
  it('are reset although no colour map matches, as for an image of one value', () => {
    const resetOf = (error: Error) => () =>
      resetProperties({
        resetProperties: () => {
          throw error;
        },
      });
    expect(resetOf(new TypeError("reading 'name'"))).not.toThrow();
    expect(resetOf(new Error('no image'))).toThrow('no image');
  });
});
