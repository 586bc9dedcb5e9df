import { describe, expect, it } from 'vitest';
import type { Series, StudyDetail } from '../../api/client';
import { countOf, describeSeries, firstToShow, personOf, textsOf } from './series';

const series = (changes: Partial<Series>): Series => ({
  SeriesInstanceUID: '1.2',
  Modality: 'CT',
  SeriesNumber: 2,
  SeriesDescription: '',
  BodyPartExamined: '',
  ProtocolName: '',
  NumberOfSeriesRelatedInstances: 1,
  number_of_frames: 0,
  size_bytes: 0,
  sop_classes: [],
  is_image: false,
  thumbnail_url: null,
  representative: null,
  ...changes,
});

const study = {
  PatientName: 'Doe^Jane',
  PatientID: '7',
  PatientBirthDate: '19700521',
  PatientSex: 'F',
  StudyDate: '20260101',
  StudyTime: '081500',
  StudyDescription: 'CT head',
  AccessionNumber: 'A1',
} as StudyDetail;

describe('series', () => {
  it('opens the first series with images', () => {
    const report = series({ SeriesInstanceUID: '1' });
    const images = series({ SeriesInstanceUID: '2', is_image: true });
    expect(firstToShow([report, images])).toBe(images);
    expect(firstToShow([report])).toBe(report);
    expect(firstToShow([])).toBeUndefined();
  });

  it('counts frames of images and objects of anything else', () => {
    expect(countOf(series({ is_image: true, number_of_frames: 96 }))).toBe('96 images');
    expect(countOf(series({}))).toBe('1 object');
  });

  it('finds some words for a series without a description', () => {
    expect(describeSeries(series({ sop_classes: [{ uid: '1', name: 'RT Plan' }] }))).toBe(
      'RT Plan',
    );
    expect(describeSeries(series({}))).toBe('Series');
  });

  it('says who the person is and what the study is', () => {
    expect(personOf(study)).toBe('1970-05-21 · 55 years · female');
    expect(textsOf(study, series({})).patient[0]).toBe('Doe, Jane');
    expect(textsOf(study, undefined).series).toEqual([]);
  });
});
