"""What the JSON API answers. DICOM values stand under their keyword, in DICOM's form; names of ours in snake_case."""

from typing import Literal

from pydantic import BaseModel


class Study(BaseModel):
    """A study in the list."""

    StudyInstanceUID: str
    PatientID: str
    IssuerOfPatientID: str
    PatientName: str
    PatientBirthDate: str
    PatientSex: str
    StudyDate: str
    StudyTime: str
    AccessionNumber: str
    StudyID: str
    StudyDescription: str
    ReferringPhysicianName: str
    ModalitiesInStudy: list[str]
    NumberOfStudyRelatedSeries: int
    NumberOfStudyRelatedInstances: int
    expected_instances: int | None = None
    """How many a scanner's performed procedure steps say it made; nothing where none was reported."""
    missing_instances: int | None = None
    """How many of these are not here."""
    needs_attention: str = ""
    """What a person should know: that something of the study does not come, and what."""
    size_bytes: int
    status: Literal["receiving", "complete"]
    first_received_at: str
    last_received_at: str
    identity_conflict: bool
    version_conflicts: int
    patient_key: int


class StudyPage(BaseModel):
    """One page of the study list; ``total`` is a lower bound unless ``total_is_exact``."""

    total: int
    total_is_exact: bool
    page: int
    page_size: int
    studies: list[Study]


class SopClass(BaseModel):
    """A SOP class and what it is called."""

    uid: str
    name: str


class Representative(BaseModel):
    """The image that stands for a series; ``frame_number`` counts from 1."""

    SOPInstanceUID: str
    frame_number: int


class Series(BaseModel):
    """A series of a study."""

    SeriesInstanceUID: str
    Modality: str
    SeriesNumber: int | None
    SeriesDescription: str
    BodyPartExamined: str
    ProtocolName: str
    NumberOfSeriesRelatedInstances: int
    number_of_frames: int
    size_bytes: int
    sop_classes: list[SopClass]
    is_image: bool
    thumbnail_url: str | None
    representative: Representative | None


class PatientWithSameId(BaseModel):
    """Another patient under the same Patient ID and issuer."""

    patient_key: int
    PatientName: str
    PatientBirthDate: str
    number_of_studies: int


class StudyDetail(Study):
    """A study with its series."""

    series: list[Series]
    same_patient_id: list[PatientWithSameId]


class Attribute(BaseModel):
    """One attribute of a data set, for people to read; ``items`` is there for sequences."""

    tag: str
    keyword: str
    name: str
    vr: str
    length: int
    value: str
    items: list[list["Attribute"]] | None


class UploadResult(BaseModel):
    """What became of one uploaded file, or of one member of an uploaded ZIP archive."""

    name: str
    outcome: Literal["stored", "duplicate", "version", "skipped", "failed"]
    reason: str | None
    StudyInstanceUID: str | None
    SOPInstanceUID: str | None
    PatientName: str | None


class UploadResults(BaseModel):
    """What became of an upload."""

    results: list[UploadResult]


class Totals(BaseModel):
    """How much the archive holds, and how much more fits."""

    patients: int
    studies: int
    series: int
    instances: int
    size_bytes: int
    free_bytes: int


class Server(BaseModel):
    """How this server is reached."""

    version: str
    ae_title: str
    dicom_host: str
    dicom_port: int
    dicom_tls_port: int | None
    """Where DICOM over TLS is spoken; null where it is not."""
    dicomweb_url: str
    unknown_peers: Literal["refuse", "accept"]
    is_demo: bool


class Problem(BaseModel):
    """An error (RFC 9457)."""

    title: str
    status: int
    detail: str
