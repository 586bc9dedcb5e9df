import { describe, expect, it } from 'vitest';
import { errorsOf, hintsOf, NEW_DRAFT, type PeerDraft, peerOf } from './draft';

const AROUND = { takenNames: ['ct1'], ourAeTitle: 'HOUNSFIELD', hasTls: true };
const draft = (changes: Partial<PeerDraft> = {}): PeerDraft => ({
  ...NEW_DRAFT,
  ae_title: 'CT2',
  host: '10.0.0.7',
  ...changes,
});

describe('a peer while it is typed', () => {
  it('is right with an AE title alone, and is named by it', () => {
    expect(errorsOf(draft(), AROUND)).toEqual({});
    expect(peerOf(draft({ ae_title: ' CT2 ', port: '' }))).toMatchObject({
      name: 'CT2',
      ae_title: 'CT2',
      host: '10.0.0.7',
      port: null,
    });
  });

  // PS3.5 6.2: AE is at most 16 characters, without backslash and control characters
  it.each([
    ['', 'Every DICOM system has an AE title'],
    ['A_TITLE_THAT_IS_LONG', 'at most 16 characters; this one has 20'],
    ['CT\\2', 'no backslash'],
    ['Röntgen', 'plain letters'],
  ])('says what is wrong with the AE title %j', (ae_title, words) => {
    expect(errorsOf(draft({ ae_title }), AROUND).ae_title).toContain(words);
  });

  it('is told of studies only where it can be called', () => {
    const told = { wants_availability: true, port: '104' };
    expect(errorsOf(draft(told), AROUND)).toEqual({});
    for (const changes of [{ host: '' }, { port: '' }, { host: '10.0.0.0/24', port: '' }]) {
      expect(errorsOf(draft({ ...told, ...changes }), AROUND).wants_availability).toContain(
        'an address and a port',
      );
    }
    expect(peerOf(draft(told)).wants_availability).toBe(true);
  });

  it.each([
    ['http://pacs', '104', 'without "http://"'],
    ['pacs.local:104', '', 'own field'],
    ['my pacs', '104', 'no spaces'],
    ['10.0.0.0/24', '104', 'no single address'],
  ])('says what is wrong with the address %j', (host, port, words) => {
    expect(errorsOf(draft({ host, port }), AROUND).host).toContain(words);
  });

  it.each(['10.0.0.7', 'fe80::1', 'pacs.hospital.example', 'ct-2'])(
    'takes the address %s',
    (host) => {
      expect(errorsOf(draft({ host }), AROUND).host).toBeUndefined();
    },
  );

  it('takes a network for one that only calls', () => {
    expect(errorsOf(draft({ host: '10.0.0.0/24', port: '' }), AROUND)).toEqual({});
  });

  it.each(['0', '65536', '1o4'])('knows that %s is no port', (port) => {
    expect(errorsOf(draft({ port }), AROUND).port).toContain('1 to 65535');
  });

  it('does not take a name twice', () => {
    expect(errorsOf(draft({ name: 'ct1' }), AROUND).name).toContain('already');
  });

  it('is tied to a certificate by fingerprint or subject, and to TLS with it', () => {
    const sha256 = `${'AB:'.repeat(31)}AB`;
    for (const certificate of [sha256, sha256.replaceAll(':', ''), 'CN=ct2,O=Clinic', '']) {
      expect(errorsOf(draft({ certificate }), AROUND).certificate).toBeUndefined();
    }
    expect(errorsOf(draft({ certificate: 'ct2' }), AROUND).certificate).toContain('64 digits');
    expect(peerOf(draft({ certificate: ' CN=ct2 ' }))).toMatchObject({
      certificate: 'CN=ct2',
      requires_tls: true,
    });
    expect(peerOf(draft()).requires_tls).toBe(false);
    const withoutTls = { ...AROUND, hasTls: false };
    expect(hintsOf(draft({ requires_tls: true }), withoutTls)[0]).toContain('hounsfield tls init');
    expect(hintsOf(draft({ requires_tls: true }), AROUND)).toEqual([]);
  });

  it('warns of what may not be meant', () => {
    expect(hintsOf(draft(), AROUND)).toEqual([]);
    expect(hintsOf(draft({ host: '' }), AROUND)[0]).toContain('whoever calls');
    expect(hintsOf(draft({ ae_title: 'HOUNSFIELD' }), AROUND)[0]).toContain('this archive');
    expect(hintsOf(draft({ may: [] }), AROUND)[0]).toContain('nothing here');
  });
});
