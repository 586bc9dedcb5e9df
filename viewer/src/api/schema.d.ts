export interface components {
  schemas: {
    Study: {
      StudyInstanceUID: string; PatientID: string; IssuerOfPatientID: string; PatientName: string; PatientBirthDate: string; PatientSex: string;
      StudyDate: string; StudyTime: string; AccessionNumber: string; StudyID: string; StudyDescription: string; ReferringPhysicianName: string;
      ModalitiesInStudy: string[]; NumberOfStudyRelatedSeries: number; NumberOfStudyRelatedInstances: number; size_bytes: number;
      status: 'receiving' | 'complete'; first_received_at: string; last_received_at: string; identity_conflict: boolean; version_conflicts: number; patient_key: number;
    };
    StudyDetail: components['schemas']['Study'] & { series: components['schemas']['Series'][]; same_patient_id: { patient_key: number; PatientName: string; PatientBirthDate: string; number_of_studies: number }[] };
    Series: {
      SeriesInstanceUID: string; Modality: string; SeriesNumber: number | null; SeriesDescription: string; BodyPartExamined: string; ProtocolName: string;
      NumberOfSeriesRelatedInstances: number; number_of_frames: number; size_bytes: number; sop_classes: { uid: string; name: string }[]; is_image: boolean;
      thumbnail_url: string | null; representative: { SOPInstanceUID: string; frame_number: number } | null;
    };
    StudyPage: { total: number; total_is_exact: boolean; page: number; page_size: number; studies: components['schemas']['Study'][] };
    Totals: { patients: number; studies: number; series: number; instances: number; size_bytes: number; free_bytes: number };
    Server: { version: string; ae_title: string; dicom_host: string; dicom_port: number; dicomweb_url: string; unknown_peers: string; is_demo: boolean };
    Attribute: { tag: string; keyword: string; name: string; vr: string; length: number; value: string; items: components['schemas']['Attribute'][][] | null };
    UploadResult: { name: string; outcome: 'stored' | 'duplicate' | 'version' | 'skipped' | 'failed'; reason: string | null; StudyInstanceUID: string | null; SOPInstanceUID: string | null; PatientName: string | null };
  };
}
