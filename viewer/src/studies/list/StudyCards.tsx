import { Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { formatDate, formatName, formatSex } from '../../dicom/format';
import { counted } from '../../ui/bytes';
import { OtherNames } from './OtherNames';
import { ModalityBadges, StudyFlags, StudyStatus } from './StudyBadges';
import classes from './StudyList.module.css';
import { keyOf, type StudyRowsProps } from './StudyTable';
import { formatWhen, isFresh } from './when';

/** The study list where there is no room for a table. */
export function StudyCards({ studies, hrefOf, onOpen }: StudyRowsProps) {
  return (
    <Stack gap={8} p="sm" component="ul" className={classes.cards} data-testid="study-cards">
      {studies.map((study) => (
        <li key={keyOf(study)}>
          <Link
            to={hrefOf(study)}
            className={classes.card}
            data-fresh={isFresh(study.first_received_at)}
            data-testid="study-row"
            data-study={study.StudyInstanceUID}
            onClick={(event) => {
              event.preventDefault();
              onOpen(study);
            }}
          >
            <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
              <Text fw={600} lineClamp={2} className={classes.cardName}>
                {formatName(study.PatientName) || 'No name'}
                <OtherNames of={study.PatientName} />
              </Text>
              <ModalityBadges modalities={study.ModalitiesInStudy} />
            </Group>
            <Text className={classes.second}>
              {[study.PatientID, formatDate(study.PatientBirthDate), formatSex(study.PatientSex)]
                .filter(Boolean)
                .join(' · ')}
            </Text>
            <Text size="sm" lineClamp={2}>
              {[formatDate(study.StudyDate), study.StudyDescription].filter(Boolean).join(' · ')}
            </Text>
            <Group justify="space-between" gap="xs" mt={4}>
              <Text className={classes.second} data-testid="image-count">
                {counted(study.NumberOfStudyRelatedInstances, 'image')} ·{' '}
                {formatWhen(study.last_received_at)}
              </Text>
              <Group gap={6}>
                <StudyFlags study={study} />
                <StudyStatus study={study} />
              </Group>
            </Group>
          </Link>
        </li>
      ))}
    </Stack>
  );
}
