import { TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { StudyDetail } from '../../api/client';
import { deleteStudy, restoreDeletion } from '../../api/trash';
import { formatDate, formatName } from '../../dicom/format';
import { counted } from '../../ui/bytes';
import { Confirm } from '../../ui/Confirm';
import { showFailure, toasts } from '../../ui/toasts';

interface DeleteDialogProps {
  study: StudyDetail;
  opened: boolean;
  onClose: () => void;
  onDeleted: () => void;
}

const LONGEST_REASON = 1024;

/** Asks whether the study is to be deleted; says afterwards that it is, with a way back. */
export function DeleteDialog({ study, opened, onClose, onDeleted }: DeleteDialogProps) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const name = formatName(study.PatientName) || 'No name';
  const deletion = useMutation({
    mutationFn: () => deleteStudy(study.StudyInstanceUID, reason.trim()),
    onSuccess: ({ uid }) => {
      toasts.show(`The study of ${name} is in the trash.`, {
        action: {
          label: 'Undo',
          run: () =>
            void restoreDeletion(uid).then(
              () => toasts.show(`The study of ${name} comes back.`),
              (error: unknown) => showFailure('The study did not come back', error),
            ),
        },
      });
      void client.invalidateQueries({ queryKey: ['studies'] });
      onClose();
      onDeleted();
    },
    onError: (error) => showFailure('The study was not deleted', error),
  });
  return (
    <Confirm
      opened={opened}
      title="Delete this study?"
      action="Delete the study"
      isDangerous
      isBusy={deletion.isPending}
      onConfirm={() => deletion.mutate()}
      onClose={onClose}
    >
      <p data-testid="delete-what">
        <strong>{name}</strong>
        {' · '}
        {[study.PatientID, study.StudyDescription, formatDate(study.StudyDate)]
          .filter(Boolean)
          .join(' · ')}
        {' · '}
        {counted(study.NumberOfStudyRelatedInstances, 'image')}
      </p>
      <p>
        It is gone for everybody at once, and can be brought back from the trash for a while. Peers
        that have it keep it.
      </p>
      <TextInput
        label="Reason"
        placeholder="for whoever looks into the trash"
        value={reason}
        maxLength={LONGEST_REASON}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-testid="delete-reason"
      />
    </Confirm>
  );
}
