import { describe, expect, it } from 'vitest';
import type { Destination } from '../../api/routing';
import {
  conditionOf,
  EMPTY_MATCH,
  EMPTY_RULE,
  freeName,
  nameOf,
  validateRule,
  warningsOf,
} from './words';

const match = (changes: Partial<typeof EMPTY_MATCH>) => ({ ...EMPTY_MATCH, ...changes });

describe('a rule in words', () => {
  it('says when it acts', () => {
    expect(conditionOf({ when: 'complete', match: EMPTY_MATCH })).toBe(
      'When any study is complete',
    );
    expect(
      conditionOf({
        when: 'complete',
        match: match({ modalities: ['CT'], source_ae_titles: ['CT2'] }),
      }),
    ).toBe('When a CT study from CT2 is complete');
    expect(
      conditionOf({
        when: 'received',
        match: match({ modalities: ['MR', 'US'], study_description: '*head*' }),
      }),
    ).toBe('When an image of an MR or US study described “*head*” arrives');
  });

  it('gets a name by itself', () => {
    expect(
      nameOf({
        ...EMPTY_RULE,
        match: match({ modalities: ['CT'], source_ae_titles: ['CT2'] }),
        destinations: ['PACS-B'],
      }),
    ).toBe('CT from CT2 to PACS-B');
    expect(nameOf({ ...EMPTY_RULE, destinations: ['A', 'B'] })).toBe('Everything to A, B');
  });

  it('gets a name that no other rule has', () => {
    expect(freeName('A', [])).toBe('A');
    expect(freeName('A', ['A', 'A 2'])).toBe('A 3');
    const long = 'x'.repeat(70);
    expect(freeName(long, [long.slice(0, 64)])).toHaveLength(61);
  });

  it('needs somewhere to send to, and AE titles that can be', () => {
    expect(validateRule(EMPTY_RULE).destinations).toContain('at least one peer');
    const rule = {
      ...EMPTY_RULE,
      destinations: ['A'],
      match: match({ source_ae_titles: ['A'.repeat(17)], sop_classes: ['CT'] }),
    };
    expect(Object.keys(validateRule(rule))).toEqual(['source_ae_titles', 'sop_classes']);
    expect(validateRule({ ...EMPTY_RULE, destinations: ['A'] })).toEqual({});
  });
});

describe('a warning of a rule', () => {
  const us = { ae_title: 'HOUNSFIELD', dicom_host: '127.0.0.1', dicom_port: 11112 };
  const peer = (changes: Partial<Destination>): Destination => ({
    name: 'B',
    ae_title: 'PACSB',
    host: '10.0.0.7',
    port: 104,
    ...changes,
  });
  const warn = (peers: Destination[], changes = {}) =>
    warningsOf({ destinations: ['B'], match: match(changes) }, peers, us);

  it('names a destination that does not exist, or has no address', () => {
    expect(warn([])[0]).toContain('no peer “B”');
    expect(warn([peer({ host: null })])[0]).toContain('no address');
    expect(warn([peer({})])).toEqual([]);
  });

  it('names a circle', () => {
    expect(warn([peer({ host: 'localhost', port: 11112 })])[0]).toContain('this archive itself');
    expect(warn([peer({})], { source_ae_titles: ['PACSB'] })[0]).toContain('get back');
    expect(warn([peer({ port: 11112 })])).toEqual([]);
  });

  it('waits until the peers are known', () => {
    expect(warningsOf({ destinations: ['B'], match: EMPTY_MATCH }, undefined, us)).toEqual([]);
  });
});
