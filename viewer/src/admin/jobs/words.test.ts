import { describe, expect, it } from 'vitest';
import { actionsOf, isOpen, kindTitle, pollMs } from './words';

describe('a job in words', () => {
  it('offers only what can be done now', () => {
    expect(actionsOf('done')).toEqual([]);
    expect(actionsOf('waiting')).toContain('retry');
    expect(actionsOf('paused')).toEqual(['resume', 'cancel']);
    expect(isOpen('failed')).toBe(false);
  });

  it('names kinds that it has not heard of', () => {
    expect(kindTitle('send')).toBe('Send');
    expect(kindTitle('availability-notice')).toBe('Availability notice');
  });

  it('asks often only while something moves', () => {
    expect(pollMs({ running: 1 })).toBe(1000);
    expect(pollMs({ waiting: 3, done: 5 })).toBe(5000);
    expect(pollMs(undefined)).toBe(5000);
  });
});
