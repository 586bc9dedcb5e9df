/** What is said of a study's series, and which of them opens first. */
import type { Series, StudyDetail } from '../../api/client';
import { ageInYears, formatDate, formatName, formatSex, formatTime } from '../../dicom/format';
import type { StudyTexts } from '../../viewport/CornerTexts';

/** The first series with images, the first of all if none has any. */
export function firstToShow(series: readonly Series[]): Series | undefined {
  return series.find((one) => one.is_image) ?? series[0];
}

export function describeSeries(series: Series): string {
  return (
    series.SeriesDescription ||
    series.ProtocolName ||
    series.BodyPartExamined ||
    series.sop_classes[0]?.name ||
    'Series'
  );
}

/** "120 images", "1 object": what a person counts in a series. */
export function countOf(series: Series): string {
  const count = series.is_image ? series.number_of_frames : series.NumberOfSeriesRelatedInstances;
  const what = series.is_image ? 'image' : 'object';
  return `${count.toLocaleString()} ${what}${count === 1 ? '' : 's'}`;
}

/** "1970-05-21 · 54 years · female": what tells people of one name apart. */
export function personOf(study: StudyDetail): string {
  const age = ageInYears(study.PatientBirthDate, study.StudyDate);
  return [
    formatDate(study.PatientBirthDate),
    age === undefined ? '' : `${age} years`,
    formatSex(study.PatientSex),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** The corner texts of the image. */
export function textsOf(study: StudyDetail, series: Series | undefined): StudyTexts {
  return {
    patient: [formatName(study.PatientName) || 'No name', study.PatientID, personOf(study)],
    study: [
      study.StudyDescription,
      [formatDate(study.StudyDate), formatTime(study.StudyTime)].filter(Boolean).join(' '),
      study.AccessionNumber,
    ],
    series: series
      ? [
          [series.SeriesNumber === null ? '' : `Series ${series.SeriesNumber}`, series.Modality]
            .filter(Boolean)
            .join(' · '),
          series.SeriesDescription,
        ]
      : [],
  };
}
