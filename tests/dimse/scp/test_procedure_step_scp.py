"""Modality performed procedure steps with pynetdicom as the modality: what they do to orders and studies."""

import time
import warnings

import pytest
from pydicom.dataset import Dataset
from tests.instances import numbered

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.completeness import Completeness
from hounsfield.archive.site.orders import OrderBook
from hounsfield.archive.site.procedure_steps import ProcedureSteps
from hounsfield.archive.store import Source
from hounsfield.dimse.command import CommandField, CommandTag
from hounsfield.dimse.config import Peer
from hounsfield.dimse.scu.requestor import ScuAssociation, Target
from hounsfield.index.site.orders import Order

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE
    from pynetdicom.sop_class import (
        ModalityPerformedProcedureStep,
        ModalityPerformedProcedureStepRetrieve,
    )

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
STUDY, UID = "2.25.4711.1", "2.25.99.1"
LONG_S = 3600.0


def begun(study_uid=STUDY, **attributes):
    step = Dataset()
    step.StudyInstanceUID, step.AccessionNumber = study_uid, "A1"
    step.RequestedProcedureID, step.ScheduledProcedureStepID = "R1", "S1"
    ds = Dataset()
    ds.ScheduledStepAttributesSequence = [step]
    ds.PatientName, ds.PatientID = "Doe^Jane", "P1"
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle = "1", "CT1"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20261124", "0930"
    ds.PerformedProcedureStepStatus, ds.Modality = "IN PROGRESS", "CT"
    ds.PerformedSeriesSequence = []
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def ended(status="COMPLETED", numbers=(1, 2, 3), reason=None):
    series = Dataset()
    series.SeriesInstanceUID, series.ProtocolName = "2.25.4711.1.1", "Head"
    series.SeriesDescription = "Axial"
    images = []
    for number in numbers:
        image = Dataset()
        image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        image.ReferencedSOPInstanceUID = f"2.25.4711.1.1.{number}"
        images.append(image)
    series.ReferencedImageSequence = images
    ds = Dataset()
    ds.PerformedProcedureStepStatus = status
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20261124", "1000"
    ds.PerformedSeriesSequence = [series] if numbers else []
    if reason:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = reason, "DCM", "wrong entry"
        ds.PerformedProcedureStepDiscontinuationReasonCodeSequence = [code]
    return ds


class Modality:
    """An association of a pynetdicom that reports its work."""

    def __init__(self, port):
        ae = AE("CT1")
        ae.add_requested_context(ModalityPerformedProcedureStep)
        ae.add_requested_context(ModalityPerformedProcedureStepRetrieve)
        self.association = ae.associate("127.0.0.1", port, ae_title="HOUNSFIELD")
        assert self.association.is_established
        # Under load pynetdicom's own thread sometimes takes an answer for a request: keep it from reading.
        self._reader = self.association._reactor_checkpoint
        self._reader.clear()
        while not self.association._is_paused:
            time.sleep(0.001)
        self._reader.set = lambda: None

    def release(self):
        del self._reader.set
        self.association.release()

    def create(self, ds, uid=UID):
        return self.association.send_n_create(ds, ModalityPerformedProcedureStep, uid)[0]

    def set(self, ds, uid=UID):
        return self.association.send_n_set(ds, ModalityPerformedProcedureStep, uid)[0]

    def get(self, uid=UID, tags=()):
        status, ds = self.association.send_n_get(
            list(tags),
            ModalityPerformedProcedureStep,
            uid,
            meta_uid=ModalityPerformedProcedureStepRetrieve,
        )
        return status.Status, ds


@pytest.fixture
def modality(port):
    one = Modality(port)
    yield one
    one.release()


@pytest.fixture
def index(archive):
    return archive.store.index


@pytest.fixture
def order(index):
    values = {
        "PatientName": "Doe^Jane", "PatientID": "P1", "Modality": "CT", "AccessionNumber": "A1",
        "ScheduledProcedureStepStartDate": "20261124", "StudyInstanceUID": STUDY,
        "RequestedProcedureID": "R1", "ScheduledProcedureStepID": "S1",
    }  # fmt: skip
    return OrderBook(index).add(LOCAL, Order(values))


def status_of(index, order):
    return OrderBook(index).get(LOCAL, order.id).status


def store(archive, *numbers, study=1):
    for number in numbers:
        content = numbered(study, 1, number)
        spool = archive.store.spool(len(content))
        spool.write(content)
        archive.store.store_instance(spool, Source(LOCAL, "import", "disc"))


def completed(index):
    return [c.study_instance_uid for c in index.changes_since(0) if c.kind == "complete"]


def test_a_step_begins_in_progress_ends_once_and_moves_its_order(modality, index, order):  # MPPS-01
    assert modality.create(begun()).Status == 0
    assert status_of(index, order) == "in progress"
    more = Dataset()
    more.PerformedProcedureStepDescription = "CT head"
    assert modality.set(more).Status == 0
    assert modality.set(ended()).Status == 0
    assert status_of(index, order) == "completed"
    for late in (ended("DISCONTINUED"), more, begun()):
        status = modality.set(late)
        assert (status.Status, status.ErrorID) == (0x0110, 0xA710)
    assert status_of(index, order) == "completed"


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED", "SCHEDULED"])
def test_a_step_that_does_not_begin_in_progress_is_refused(modality, index, status):  # MPPS-01
    assert modality.create(begun(PerformedProcedureStepStatus=status)).Status == 0x0106
    assert modality.get()[0] == 0x0112


def test_each_fault_of_a_creation_has_its_status(modality):
    assert modality.create(begun(PerformedProcedureStepID="")).Status == 0x0121
    ds = begun()
    del ds.Modality
    assert modality.create(ds).Status == 0x0120
    assert modality.create(begun(study_uid="")).Status == 0x0121
    assert modality.create(begun()).Status == 0
    assert modality.create(begun()).Status == 0x0111
    assert modality.set(ended(), uid="2.25.5").Status == 0x0112


def test_what_must_be_there_at_the_end_is_asked_for(modality):  # MPPS-02
    modality.create(begun())
    ds = ended()
    del ds.PerformedProcedureStepEndTime
    assert modality.set(ds).Status == 0x0120
    ds = ended()
    ds.PerformedSeriesSequence[0].ProtocolName = ""
    assert modality.set(ds).Status == 0x0121
    assert modality.set(ended(numbers=())).Status == 0x0121
    assert modality.set(ended("NONSENSE")).Status == 0x0106
    assert modality.get()[1].PerformedProcedureStepStatus == "IN PROGRESS"
    assert modality.set(ended("DISCONTINUED", numbers=())).Status == 0


def test_what_a_step_is_known_by_cannot_be_changed_later(modality):
    modality.create(begun())
    ds = ended()
    ds.PatientID, ds.PerformedStationAETitle = "P2", "CT2"
    assert modality.set(ds).Status == 0
    kept = modality.get()[1]
    assert (kept.PatientID, kept.PerformedStationAETitle) == ("P1", "CT1")


def test_the_wrong_worklist_entry_asks_for_attention(modality, index, order):  # MPPS-04
    modality.create(begun())
    modality.set(ended("DISCONTINUED", reason="110514"))
    kept = OrderBook(index).get(LOCAL, order.id)
    assert kept.status == "discontinued"
    assert "wrong worklist entry" in kept.needs_attention


def test_a_step_is_retrieved_whole_or_in_part(modality):  # MPPS-05
    modality.create(begun())
    assert modality.get()[1].PatientName == "Doe^Jane"
    status, ds = modality.get(tags=[0x00400252, 0x00100030])
    assert (status, ds.PerformedProcedureStepStatus) == (0x0107, "IN PROGRESS")


def test_a_step_of_another_patient_does_not_move_the_order(modality, index, order):
    assert modality.create(begun(PatientID="P9")).Status == 0
    assert status_of(index, order) == "scheduled"
    assert ProcedureSteps(index).get(LOCAL, UID).status == "IN PROGRESS"  # kept all the same


def test_a_peer_without_the_right_may_not(archive, serve):
    peer = Peer(ae_title="CT1", host="127.0.0.1", name="ct1", may=frozenset({"store"}))
    ae = AE("CT1")
    ae.add_requested_context(ModalityPerformedProcedureStep)
    association = ae.associate("127.0.0.1", serve(archive, peers=(peer,))[1], ae_title="HOUNSFIELD")
    assert not association.accepted_contexts
    association.release()


def test_a_study_is_complete_when_all_that_was_made_is_here(archive, modality, index):  # MPPS-03
    modality.create(begun())
    store(archive, 1, 2)
    index.settle(-1.0, LONG_S)
    assert completed(index) == []  # quiet, but the scanner is still at work
    modality.set(ended())
    index.settle(-1.0, LONG_S)
    assert completed(index) == []
    assert Completeness(index).of_studies([STUDY])[STUDY].expected == 3
    assert Completeness(index).of_studies([STUDY])[STUDY].received == 2
    store(archive, 3)
    index.settle(LONG_S, LONG_S)
    assert completed(index) == [STUDY]  # at once
    store(archive, 4)  # reopened
    index.settle(LONG_S, LONG_S)
    assert completed(index) == [STUDY, STUDY]


def test_a_study_that_lacks_instances_is_given_up_after_long(archive, modality, index):
    modality.create(begun())
    modality.set(ended())
    store(archive, 1)
    index.settle(-1.0, -1.0)
    assert completed(index) == [STUDY]


def test_the_step_may_come_after_the_images(archive, modality, index):
    store(archive, 1, 2, 3)
    modality.create(begun())
    index.settle(-1.0, LONG_S)
    assert completed(index) == []
    modality.set(ended())
    index.settle(LONG_S, LONG_S)
    assert completed(index) == [STUDY]
    assert "expected" in [change.kind for change in index.changes_since(0)]  # for the live feed


def test_images_without_a_step_take_their_order_off_the_list(archive, index, order):  # MWL-03
    store(archive, 1)
    index.settle(LONG_S, LONG_S)
    assert status_of(index, order) == "in progress"
    index.settle(-1.0, LONG_S)
    assert status_of(index, order) == "completed"
    assert completed(index) == [STUDY]


def test_of_several_steps_of_one_request_images_move_the_one_of_their_modality(
    archive, index, order
):
    book = OrderBook(index)
    further = order.values | {"Modality": "MR", "ScheduledProcedureStepID": "S2"}
    other = book.add(LOCAL, Order(further))
    twins = [
        book.add(LOCAL, Order(further | {"Modality": "US", "ScheduledProcedureStepID": f"S{n}"}))
        for n in (3, 4)
    ]
    store(archive, 1)
    index.settle(-1.0, LONG_S)
    assert (status_of(index, order), status_of(index, other)) == ("completed", "scheduled")
    content = numbered(1, 2, 1, Modality="US")
    spool = archive.store.spool(len(content))
    spool.write(content)
    archive.store.store_instance(spool, Source(LOCAL, "import", "disc"))
    index.settle(-1.0, LONG_S)  # which of the twins it was nobody can tell
    assert [status_of(index, one) for one in twins] == ["scheduled", "scheduled"]


def test_an_accession_number_finds_the_order_where_the_scanner_made_a_study_of_its_own(
    archive, index
):
    values = {
        "PatientName": "Doe^Jane", "PatientID": "P1", "Modality": "CT", "AccessionNumber": "A1",
        "ScheduledProcedureStepStartDate": "20261124",
    }  # fmt: skip
    kept = OrderBook(index).add(LOCAL, Order(values))
    assert kept.get("StudyInstanceUID") != STUDY
    store(archive, 1)
    index.settle(-1.0, LONG_S)
    assert status_of(index, kept) == "completed"


def test_commitment_asked_for_a_whole_study_completes_it(archive, modality, index):
    store(archive, 1, 2)
    uids = ["2.25.4711.1.1.1", "2.25.4711.1.1.2"]
    assert Completeness(index).commitment_asked(uids[:1]) == []
    modality.create(begun())
    assert Completeness(index).commitment_asked(uids) == []
    modality.set(ended(numbers=(1, 2)))
    assert Completeness(index).commitment_asked(uids) == [STUDY]
    assert Completeness(index).commitment_asked(uids) == []


def test_our_own_requestor_reports_a_step_to_us_and_broken_ones_harm_nothing(archive, serve, index):
    class_uid = str(ModalityPerformedProcedureStep)
    target = Target("127.0.0.1", serve(archive)[1], "HOUNSFIELD", "CT1")
    with ScuAssociation(target, [(class_uid, ("1.2.840.10008.1.2",))]) as scu:

        def send(command, dataset, uid=UID):
            kind = "AFFECTED" if command is CommandField.N_CREATE_RQ else "REQUESTED"
            elements = {
                CommandTag[f"{kind}_SOP_CLASS_UID"]: class_uid,
                CommandTag[f"{kind}_SOP_INSTANCE_UID"]: uid,
            }
            response, _ = next(scu.perform(class_uid, command, elements, dataset))
            return response.status

        whole = begun().to_json_dict()
        assert send(CommandField.N_CREATE_RQ, whole, uid="not a uid") == 0x0106
        assert send(CommandField.N_CREATE_RQ, {"00400252": {"vr": "CS"}}) == 0x0120
        assert send(CommandField.N_CREATE_RQ, None) == 0x0110
        assert send(CommandField.N_CREATE_RQ, whole) == 0
        assert send(CommandField.N_SET_RQ, ended().to_json_dict()) == 0
        assert send(CommandField.N_SET_RQ, ended().to_json_dict()) == 0x0110
    assert ProcedureSteps(index).get(LOCAL, UID).status == "COMPLETED"
