import { afterEach, describe, expect, it, vi } from 'vitest';
import { studySearch } from './client';
import { type ChangeEvent, EventParser, type FeedState, followChanges } from './events';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the event stream', () => {
  it('is put together from pieces that end anywhere', () => {
    const parser = new EventParser();
    const pieces = [': keep-alive\n\nid: 7\neve', 'nt: change\nda', 'ta: {"a":1}\n', '\nid: 8\n'];
    expect(pieces.flatMap((piece) => parser.push(piece))).toEqual([
      { id: '7', event: 'change', data: '{"a":1}' },
    ]);
    expect(parser.push('data: x\r\ndata: y\r\n\r\n')).toEqual([
      { id: '8', event: 'message', data: 'x\ny' },
    ]);
  });

  it('resumes after the last event it saw', async () => {
    const seen: (string | undefined)[] = [];
    const changes: ChangeEvent[] = [];
    const states: [FeedState, boolean][] = [];
    vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
      seen.push((init.headers as Record<string, string>)['Last-Event-ID']);
      const body = `id: ${seen.length}\nevent: change\ndata: {"sequence":${seen.length},"studies":[]}\n\n`;
      return Promise.resolve(new Response(body));
    });
    const stop = followChanges({
      onChange: (change) => changes.push(change),
      onState: (state, isResumed) => states.push([state, isResumed]),
    });
    await vi.waitFor(() => expect(changes.length).toBeGreaterThan(1), { timeout: 4000 });
    stop();
    expect(seen.slice(0, 2)).toEqual([undefined, '1']);
    expect(changes.slice(0, 2).map((change) => change.sequence)).toEqual([1, 2]);
    expect(states.slice(0, 2)).toEqual([
      ['online', false],
      ['online', true],
    ]);
  });
});

describe('the study search', () => {
  it('becomes the parameters of the API', () => {
    const search = studySearch({
      q: ' doe ',
      from: '2024-01-01',
      to: '',
      modalities: ['CT', 'MR'],
      sort: '-StudyDate',
      page: 2,
    });
    expect(search.toString()).toBe(
      'q=doe&StudyDate=20240101-&ModalitiesInStudy=CT&ModalitiesInStudy=MR&sort=-StudyDate&page=2&page_size=25',
    );
    expect(studySearch({ from: '2024-01-01', to: '2024-01-01' }).get('StudyDate')).toBe('20240101');
  });
});
