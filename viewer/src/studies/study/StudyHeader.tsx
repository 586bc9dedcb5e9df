import { ActionIcon, Tooltip } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { StudyDetail } from '../../api/client';
import { commands } from '../../commands';
import { formatDate, formatName, formatTime } from '../../dicom/format';
import { OtherNames } from '../list/OtherNames';
import { ModalityBadges, StudyFlags, StudyStatus } from '../list/StudyBadges';
import classes from './Study.module.css';
import { personOf } from './series';

/** Whose study this is, in the largest letters of the page: the wrong patient is the worst mistake. */
export function StudyHeader({ study }: { study: StudyDetail }) {
  return (
    <header className={classes.header} data-testid="study-header">
      <Tooltip label="Back to the list">
        <ActionIcon
          size="lg"
          aria-label="Back to the list"
          onClick={() => commands.run('study.back')}
          data-testid="back"
        >
          <IconArrowLeft size={20} />
        </ActionIcon>
      </Tooltip>
      <div className={classes.person}>
        <h1 className={classes.name}>
          {formatName(study.PatientName) || 'No name'}
          <OtherNames of={study.PatientName} />
        </h1>
        <p className={classes.details}>
          {[study.PatientID || 'no patient ID', personOf(study)].filter(Boolean).join(' · ')}
        </p>
      </div>
      <div className={classes.study}>
        <p className={classes.title}>{study.StudyDescription || 'Study without description'}</p>
        <p className={classes.details}>
          {[formatDate(study.StudyDate), formatTime(study.StudyTime)].filter(Boolean).join(' ')}
          <span className={classes.unneeded}>
            {[
              '',
              study.AccessionNumber ? `Accession ${study.AccessionNumber}` : '',
              formatName(study.ReferringPhysicianName),
            ]
              .filter((part, index) => index === 0 || part)
              .join(' · ')}
          </span>
        </p>
      </div>
      <div className={classes.badges}>
        <ModalityBadges modalities={study.ModalitiesInStudy} />
        <StudyStatus study={study} />
        <StudyFlags study={study} />
      </div>
      <Namesakes study={study} />
    </header>
  );
}

/** The other people with this patient ID, so that a mix-up is seen before a report is written. */
function Namesakes({ study }: { study: StudyDetail }) {
  if (study.same_patient_id.length === 0) return null;
  return (
    <p className={classes.namesakes} role="note" data-testid="same-patient-id">
      Also under patient ID {study.PatientID}:{' '}
      {study.same_patient_id.map((other, index) => (
        <span key={other.patient_key}>
          {index > 0 ? ', ' : ''}
          <Link to={`/?q=${encodeURIComponent(study.PatientID)}`}>
            {formatName(other.PatientName) || 'no name'}
          </Link>
          {other.PatientBirthDate ? ` (${formatDate(other.PatientBirthDate)})` : ''}
        </span>
      ))}
    </p>
  );
}
