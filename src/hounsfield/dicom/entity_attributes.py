"""Which attributes say something of the patient, the study or the series, and not of one instance (PS3.3 C.7.1 to C.7.5).

Those that are indexed stand in `dicom.attributes`; these are read from stored data sets when somebody asks for them.
"""

from pydicom.datadict import tag_for_keyword

from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.query import Level

# Patient, Clinical Trial Subject, General Study, Patient Study and Clinical Trial Study modules.
_OF_STUDY = (
    "IssuerOfPatientIDQualifiersSequence TypeOfPatientID ReferencedPatientSequence ReferencedPatientPhotoSequence "
    "OtherPatientIDsSequence PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar "
    "PatientAlternativeCalendar EthnicGroupCodeSequence PatientSpeciesCodeSequence PatientBreedDescription "
    "PatientBreedCodeSequence BreedRegistrationSequence StrainDescription StrainCodeSequence ResponsiblePerson "
    "ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved DeidentificationMethod "
    "DeidentificationMethodCodeSequence SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence "
    "ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID "
    "ClinicalTrialSiteName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID "
    "ClinicalTrialProtocolEthicsCommitteeName ClinicalTrialProtocolEthicsCommitteeApprovalNumber "
    "ReferringPhysicianIdentificationSequence ConsultingPhysicianName ConsultingPhysicianIdentificationSequence "
    "PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence PhysiciansReadingStudyIdentificationSequence "
    "RequestingService RequestingServiceCodeSequence ReferencedStudySequence ReasonForPerformedProcedureCodeSequence "
    "AdmittingDiagnosesCodeSequence PatientSizeCodeSequence PatientBodyMassIndex MeasuredAPDimension "
    "MeasuredLateralDimension MedicalAlerts Allergies SmokingStatus PregnancyStatus LastMenstrualDate PatientState "
    "PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence AdmissionID IssuerOfAdmissionIDSequence "
    "ServiceEpisodeID ServiceEpisodeDescription IssuerOfServiceEpisodeIDSequence ClinicalTrialTimePointID "
    "ClinicalTrialTimePointDescription LongitudinalTemporalOffsetFromEvent LongitudinalTemporalEventType "
    "RequestingPhysician RequestedProcedureDescription RequestedProcedureCodeSequence CurrentPatientLocation "
    "MilitaryRank BranchOfService CountryOfResidence RegionOfResidence PatientAddress PatientTelephoneNumbers "
    "PatientReligiousPreference PatientMotherBirthName PatientBirthName InstanceAvailability"
)
# General Series, Clinical Trial Series, General Equipment, Frame of Reference and the modules of kinds of series.
_OF_SERIES = (
    "PerformingPhysicianIdentificationSequence OperatorIdentificationSequence "
    "ReferencedPerformedProcedureStepSequence RelatedSeriesSequence SeriesDescriptionCodeSequence AnatomicalOrientationType "
    "SmallestPixelValueInSeries LargestPixelValueInSeries PerformedProcedureStepEndDate PerformedProcedureStepEndTime "
    "PerformedProtocolCodeSequence CommentsOnThePerformedProcedureStep TreatmentSessionUID ClinicalTrialCoordinatingCenterName "
    "ClinicalTrialSeriesID ClinicalTrialSeriesDescription InstitutionAddress InstitutionalDepartmentTypeCodeSequence "
    "GantryID UDISequence DeviceUID SpatialResolution DateOfManufacture DateOfInstallation DateOfLastCalibration "
    "TimeOfLastCalibration PixelPaddingValue PositionReferenceIndicator SynchronizationFrameOfReferenceUID "
    "SynchronizationTrigger SynchronizationChannel AcquisitionTimeSynchronized TimeSource "
    "SeriesType NumberOfTimeSlices CountsSource Units ReprojectionMethod ReferencedRequestSequence"
)


def _tags(keywords: str) -> frozenset[int]:
    return frozenset(
        tag for tag in map(tag_for_keyword, keywords.split()) if tag and tag not in ATTRIBUTES
    )


_STUDY_TAGS, _SERIES_TAGS = _tags(_OF_STUDY), _tags(_OF_SERIES)


def is_said_of(level: Level, tag: int) -> bool:
    """Whether entities of this level have the attribute; of private ones nobody knows, so it is taken for true."""
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.level.depth <= level.depth
    if level is Level.IMAGE or tag >> 16 & 1 or tag in _STUDY_TAGS:
        return True
    return level is Level.SERIES and tag in _SERIES_TAGS
