"""The services beside storage over TLS, as pynetdicom uses them (SEC-01)."""

import contextlib
import time
import warnings

import httpx
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.uid import generate_uid
from tests.dimse.scp.test_procedure_step_scp import begun, ended
from tests.dimse.scp.test_work_item_scp import work
from tests.interop.test_tls import prepared, secure

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE
    from pynetdicom.sop_class import (
        CTImageStorage,
        ModalityPerformedProcedureStep,
        ModalityWorklistInformationFind,
        StorageCommitmentPushModel,
        StorageCommitmentPushModelInstance,
        StudyRootQueryRetrieveInformationModelFind,
        UnifiedProcedureStepPull,
        UnifiedProcedureStepPush,
    )

__all__ = ["prepared", "secure"]  # the fixtures of that module
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CLASSES = (
    CTImageStorage,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    UnifiedProcedureStepPull,
    UnifiedProcedureStepPush,
)


@pytest.fixture
def association(secure):
    """One for every service; pynetdicom's own thread, which may take an answer for a request, stands still."""
    ae = AE("CT1")
    for sop_class in CLASSES:
        ae.add_requested_context(sop_class)
    established = ae.associate(
        secure.host, secure.port, ae_title=secure.ae_title, tls_args=secure.tls_args
    )
    assert established.is_established
    assert len(established.accepted_contexts) == len(CLASSES)
    reader = established._reactor_checkpoint
    reader.clear()
    while not established._is_paused:
        time.sleep(0.001)
    reader.set = lambda: None
    yield established
    with contextlib.suppress(AttributeError):
        del reader.set
    established.release()


def keys(**values):
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def found(association, identifier, sop_class):
    answers = list(association.send_c_find(identifier, sop_class))
    assert answers[-1][0].Status == 0
    return [ds for status, ds in answers if status.Status in {0xFF00, 0xFF01}]


def test_what_was_stored_is_found_and_committed(association):
    ds = dcmread(get_testdata_file("CT_small.dcm"))
    assert association.send_c_store(ds).Status == 0
    identifier = keys(
        QueryRetrieveLevel="STUDY", StudyInstanceUID=ds.StudyInstanceUID, PatientID=""
    )
    (study,) = found(association, identifier, StudyRootQueryRetrieveInformationModelFind)
    assert study.PatientID == ds.PatientID
    item = keys(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID)
    asked = keys(TransactionUID=generate_uid(), ReferencedSOPSequence=[item])
    status, _ = association.send_n_action(
        asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    assert status.Status == 0


def test_an_order_is_fetched_and_reported(association, secure):
    order = {
        "PatientID": "P1", "PatientName": "Doe^Jane", "Modality": "CT", "AccessionNumber": "A1",
        "ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20261124",
        "RequestedProcedureID": "R1", "ScheduledProcedureStepID": "S1",
        "StudyInstanceUID": "2.25.4711.1",
    }  # fmt: skip
    http = secure.live.ready["http"]
    made = httpx.post(f"{http}/api/orders", json=order, timeout=10).raise_for_status().json()
    step = keys(ScheduledStationAETitle="CT1", ScheduledProcedureStepStartDate="")
    identifier = keys(PatientName="", ScheduledProcedureStepSequence=[step])
    (item,) = found(association, identifier, ModalityWorklistInformationFind)
    assert item.PatientName == "Doe^Jane"
    uid = generate_uid()
    create = association.send_n_create(begun(), ModalityPerformedProcedureStep, uid)
    assert create[0].Status == 0
    done = association.send_n_set(ended(), ModalityPerformedProcedureStep, uid)
    assert done[0].Status == 0
    after = httpx.get(f"{http}/api/orders/{made['id']}", timeout=10).raise_for_status().json()
    assert (after["status"], after["expected_instances"]) == ("completed", 3)


def test_a_work_item_is_pushed_and_claimed(association):
    uid = generate_uid()
    assert association.send_n_create(work(), UnifiedProcedureStepPush, uid)[0].Status == 0
    claim = keys(ProcedureStepState="IN PROGRESS", TransactionUID=generate_uid())
    status, _ = association.send_n_action(
        claim, 1, UnifiedProcedureStepPush, uid, meta_uid=UnifiedProcedureStepPull
    )
    assert status.Status == 0
    (item,) = found(association, keys(ProcedureStepState="IN PROGRESS"), UnifiedProcedureStepPull)
    assert item.SOPInstanceUID == uid
