import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen, within } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { describe, expect, it, vi } from 'vitest';
import type { Study } from '../../api/client';
import { StudyTable } from './StudyTable';

const study = (changes: Partial<Study> = {}): Study => ({
  StudyInstanceUID: '1.2.3',
  PatientID: 'P1',
  IssuerOfPatientID: '',
  PatientName: 'Doe^Jane',
  PatientBirthDate: '19700102',
  PatientSex: 'F',
  StudyDate: '20240131',
  StudyTime: '142530',
  AccessionNumber: 'A1',
  StudyID: '',
  StudyDescription: 'Head',
  ReferringPhysicianName: '',
  ModalitiesInStudy: ['CT'],
  NumberOfStudyRelatedSeries: 2,
  NumberOfStudyRelatedInstances: 1234,
  size_bytes: 1,
  expected_instances: null,
  missing_instances: null,
  needs_attention: '',
  status: 'complete',
  first_received_at: '2024-01-31T14:30:00Z',
  last_received_at: '2024-01-31T14:30:00Z',
  identity_conflict: false,
  version_conflicts: 0,
  patient_key: 1,
  ...changes,
});

function show(studies: Study[], sort = '-last_received_at') {
  const spies = { onSelect: vi.fn(), onOpen: vi.fn(), onSort: vi.fn(), onSend: vi.fn() };
  render(
    <MantineProvider>
      <MemoryRouter>
        <StudyTable
          studies={studies}
          selected={-1}
          sort={sort}
          hrefOf={(one) => `/studies/${one.StudyInstanceUID}`}
          {...spies}
        />
      </MemoryRouter>
    </MantineProvider>,
  );
  return spies;
}

describe('the study table', () => {
  it('shows a study as people read it', () => {
    show([study({ status: 'receiving' })]);
    const row = within(screen.getByTestId('study-row'));
    expect(row.getByText('Doe, Jane').getAttribute('href')).toBe('/studies/1.2.3');
    expect(screen.getByTestId('study-row').textContent).toContain('2024-01-3114:25');
    expect(row.getByText('1970-01-02 · female', { exact: false })).toBeTruthy();
    expect(row.getByTestId('image-count').textContent).toContain('1,234');
    expect(row.getByTestId('status-receiving')).toBeTruthy();
  });

  it('flags two people with one ID and images that came twice, and says why', () => {
    show([study({ identity_conflict: true, version_conflicts: 2 }), study({ patient_key: 2 })]);
    const [flagged, plain] = screen.getAllByTestId('study-row');
    const why = (flag: string) =>
      within(flagged as HTMLElement)
        .getByTestId(flag)
        .getAttribute('aria-label');
    expect(why('identity-conflict')).toContain('patient ID');
    expect(why('version-conflict')).toContain('2 images');
    expect(plain && within(plain).queryByTestId('identity-conflict')).toBeNull();
  });

  it('opens the study of the row, and sorts by the head of a column', () => {
    const { onOpen, onSort } = show([study(), study({ StudyInstanceUID: '4.5', patient_key: 2 })]);
    fireEvent.click(screen.getAllByText('P1')[1] as HTMLElement);
    expect(onOpen.mock.lastCall?.[0].StudyInstanceUID).toBe('4.5');
    fireEvent.click(screen.getByText('Patient'));
    expect(onSort).toHaveBeenLastCalledWith('PatientName');
    fireEvent.click(screen.getByText('Received'));
    expect(onSort).toHaveBeenLastCalledWith('last_received_at');
    expect(screen.getByText('Received').closest('th')?.getAttribute('aria-sort')).toBe(
      'descending',
    );
  });
});
