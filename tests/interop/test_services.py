"""Every service with pynetdicom, in both roles, without TLS and over TLS (NET-01, SEC-01)."""

import contextlib
import io
import json
import subprocess
import time
import warnings

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from tests.dimse.committing import PUSH_INSTANCE, Results, action, committed_in, failed_in
from tests.dimse.scp.test_procedure_step_scp import begun, ended
from tests.dimse.scp.test_work_item_scp import work
from tests.instances import CT_IMAGE, ROOT, numbered
from tests.interop.wire import TLS_PORT
from tests.live import hounsfield, live_server

from hounsfield.dicom.part10 import read_header

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import build_role, evt
    from pynetdicom.pdu_primitives import UserIdentityNegotiation
    from pynetdicom.sop_class import (
        CompositeInstanceRetrieveWithoutBulkDataGet,
        CompositeInstanceRootRetrieveGet,
        CompositeInstanceRootRetrieveMove,
        CTImageStorage,
        InstanceAvailabilityNotification,
        ModalityPerformedProcedureStep,
        ModalityWorklistInformationFind,
        PatientRootQueryRetrieveInformationModelFind,
        PatientRootQueryRetrieveInformationModelGet,
        PatientRootQueryRetrieveInformationModelMove,
        StorageCommitmentPushModel,
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
        UnifiedProcedureStepEvent,
        UnifiedProcedureStepPull,
        UnifiedProcedureStepPush,
        UnifiedProcedureStepQuery,
        UnifiedProcedureStepWatch,
        Verification,
    )

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
WITHIN_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificates):
    """A server of this module alone, with TLS and without."""
    data = certificates.put_into(tmp_path_factory.mktemp("services"))
    (data / "hounsfield.toml").write_text("complete_after_s = 0.3\n[jobs]\nfirst_retry_s = 0.5\n")
    with live_server(data, environment=TLS_PORT) as running:
        yield running


@pytest.fixture
def number(wire):
    """Of the study that a test has for itself on each wire."""
    return 2 if wire.is_tls else 1


def study_of(number):
    return f"{ROOT}.{number}"


def patient_of(number):
    return dcmread(io.BytesIO(numbered(number))).PatientID


def keys(**values):
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def eventually(condition, server=None):
    deadline = time.monotonic() + WITHIN_S
    while not (found := condition()):
        assert time.monotonic() < deadline, server and server.log_tail()
        time.sleep(0.05)
    return found


def fill(server, number, count=3, first=1):
    """Have a study in the archive; gives the bytes of its data sets by UID."""
    contents = [numbered(number, 1, one) for one in range(first, first + count)]
    files = []
    for at, content in enumerate(contents):
        files.append(server.data.parent / f"fill-{number}-{at}.dcm")
        files[-1].write_bytes(content)
    command("import", "--data", server.data, *files)
    return {uid_of(content): dataset_of(content) for content in contents}


def uid_of(content):
    return read_header(content).text(0x00080018)


def dataset_of(content):
    return content[read_header(content).dataset_offset :]


def command(*arguments):
    done = subprocess.run(
        hounsfield(*arguments), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def associated(wire, server, *classes, title="CT1", syntax=None, still=True, **more):
    """pynetdicom's own thread, which may take an answer for a request, stands still if wanted."""
    ae = wire.ae(title)
    for one in classes:
        ae.add_requested_context(one, syntax)
    association = ae.call(server, **more)
    assert len(association.accepted_contexts) == len(classes)
    reader = association._reactor_checkpoint
    if still:
        reader.clear()
        while not association._is_paused:
            time.sleep(0.001)
        reader.set = lambda: None
    try:
        yield association
    finally:
        with contextlib.suppress(AttributeError):
            del reader.set
        association.release()


def found(association, identifier, sop_class):
    answers = list(association.send_c_find(identifier, sop_class))
    assert answers[-1][0].Status == 0
    return [ds for status, ds in answers if status.Status in {0xFF00, 0xFF01}]


def on_store(came):
    """Keep the data sets that come, as bytes."""

    def handle(event):
        came[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        return 0x0000

    return evt.EVT_C_STORE, handle


def receiver(wire, came, title="RECEIVER"):
    ae = wire.ae(title)
    ae.add_supported_context(CTImageStorage, ExplicitVRLittleEndian)
    return wire.listen(ae, [on_store(came)])


# -- pynetdicom asks us -----------------------------------------------------------------------------


# NET-01, STO-01, QR-01
def test_what_it_stored_it_finds_by_both_models(wire, server, number):
    roots = (
        StudyRootQueryRetrieveInformationModelFind,
        PatientRootQueryRetrieveInformationModelFind,
    )
    uid = study_of(number + 10)
    with associated(wire, server, Verification, CTImageStorage, *roots) as association:
        assert association.send_c_echo().Status == 0
        ds = dcmread(io.BytesIO(numbered(number + 10, 1, 1)))
        assert association.send_c_store(ds).Status == 0
        for root in roots:
            asked = keys(
                QueryRetrieveLevel="STUDY", StudyInstanceUID=uid, PatientID=patient_of(number + 10)
            )
            (study,) = found(association, asked, root)
            assert study.StudyInstanceUID == uid
            asked.QueryRetrieveLevel, asked.SeriesInstanceUID = "SERIES", ""
            (series,) = found(association, asked, root)
            assert series.SeriesInstanceUID == f"{uid}.1"


# QR-09
@pytest.mark.parametrize(
    "sop_class",
    [
        StudyRootQueryRetrieveInformationModelGet,
        PatientRootQueryRetrieveInformationModelGet,
        CompositeInstanceRootRetrieveGet,
        CompositeInstanceRetrieveWithoutBulkDataGet,
    ],
)
def test_it_gets_what_is_here(wire, server, number, sop_class):
    sent, came = fill(server, number), {}
    uids = list(sent)
    ae = wire.ae("GETTER")
    ae.add_requested_context(sop_class)
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = ae.call(
        server,
        ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[on_store(came)],
    )
    by_study = keys(
        QueryRetrieveLevel="STUDY", StudyInstanceUID=study_of(number), PatientID=patient_of(number)
    )
    by_instance = keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID=uids)
    is_composite = "Composite" in sop_class.name
    answers = list(association.send_c_get(by_instance if is_composite else by_study, sop_class))
    association.release()
    assert answers[-1][0].Status == 0
    assert answers[-1][0].NumberOfCompletedSuboperations == len(uids)
    if sop_class == CompositeInstanceRetrieveWithoutBulkDataGet:
        assert came.keys() == sent.keys()
        assert all(len(came[uid]) < len(sent[uid]) for uid in uids)
    else:
        assert came == sent


# QR-08
@pytest.mark.parametrize(
    "sop_class",
    [
        StudyRootQueryRetrieveInformationModelMove,
        PatientRootQueryRetrieveInformationModelMove,
        CompositeInstanceRootRetrieveMove,
    ],
)
def test_it_has_what_is_here_moved_to_another(wire, server, number, sop_class):
    sent, came = fill(server, number), {}
    wire.introduce(server, "receiver", "RECEIVER", receiver(wire, came))
    asked = keys(
        QueryRetrieveLevel="STUDY", StudyInstanceUID=study_of(number), PatientID=patient_of(number)
    )
    if sop_class == CompositeInstanceRootRetrieveMove:
        asked = keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID=list(sent))
    with associated(wire, server, sop_class) as association:
        answers = list(association.send_c_move(asked, "RECEIVER", sop_class))
    assert answers[-1][0].Status == 0
    assert came == sent


# SC-01, SC-02
@pytest.mark.parametrize("is_same", [True, False], ids=["same", "new"])
def test_it_asks_for_commitment_and_hears_on_that_association_or_a_new_one(
    wire, server, number, is_same
):
    sent = fill(server, number)
    results, title = Results(), f"COMMIT{number}{is_same:d}"
    if not is_same:
        ae = wire.ae(title)
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        wire.introduce(server, title.lower(), title, wire.listen(ae, results.handlers))
    references = [*((CT_IMAGE, uid) for uid in sent), (CT_IMAGE, "1.2.3.4")]
    handlers = results.handlers if is_same else []
    told = None
    with associated(
        wire, server, StorageCommitmentPushModel, title=title, still=not is_same,
        evt_handlers=handlers,
    ) as association:  # fmt: skip
        status, _ = association.send_n_action(
            action(references), 1, StorageCommitmentPushModel, PUSH_INSTANCE
        )
        assert status.Status == 0
        if is_same:
            told = results.wait()
    event_type, result = told or results.wait()
    assert event_type == 2
    assert set(committed_in(result)) == set(sent)
    assert failed_in(result) == {"1.2.3.4": 0x0112}


# MWL-01, MPPS-01
def test_it_fetches_an_order_and_reports_what_was_done(wire, server):
    study = f"2.25.4711.{900 + wire.is_tls}"
    order = {
        "PatientID": f"P-{wire}", "PatientName": "Doe^Jane", "Modality": "CT",
        "AccessionNumber": f"A-{wire}", "ScheduledStationAETitle": "CT1",
        "ScheduledProcedureStepStartDate": "20261124", "RequestedProcedureID": "R1",
        "ScheduledProcedureStepID": "S1", "StudyInstanceUID": study,
    }  # fmt: skip
    made = httpx.post(f"{server.http}/api/orders", json=order, timeout=20)
    made = made.raise_for_status().json()
    with associated(
        wire, server, ModalityWorklistInformationFind, ModalityPerformedProcedureStep
    ) as association:
        step = keys(ScheduledStationAETitle="CT1", ScheduledProcedureStepStartDate="")
        identifier = keys(
            PatientName="", PatientID=f"P-{wire}", ScheduledProcedureStepSequence=[step]
        )
        (item,) = found(association, identifier, ModalityWorklistInformationFind)
        assert item.PatientName == "Doe^Jane"
        uid = generate_uid()
        started = begun(study, PatientID=f"P-{wire}")
        started.ScheduledStepAttributesSequence[0].AccessionNumber = f"A-{wire}"
        create, _ = association.send_n_create(started, ModalityPerformedProcedureStep, uid)
        assert create.Status == 0
        finished, _ = association.send_n_set(ended(), ModalityPerformedProcedureStep, uid)
        assert finished.Status == 0
    after = httpx.get(f"{server.http}/api/orders/{made['id']}", timeout=20).json()
    assert (after["status"], after["expected_instances"]) == ("completed", 3)


# UPS
def test_it_pushes_pulls_queries_and_watches_a_work_item_and_hears_its_events(wire, server):
    heard, title = [], f"WATCHER{wire.is_tls:d}"

    def on_event(event):
        heard.append((str(event.request.AffectedSOPInstanceUID), event.event_type))
        return 0x0000, None

    ae = wire.ae(title)
    ae.add_supported_context(UnifiedProcedureStepEvent, scu_role=False, scp_role=True)
    port = wire.listen(ae, [(evt.EVT_N_EVENT_REPORT, on_event)])
    wire.introduce(server, title.lower(), title, port)
    classes = (
        UnifiedProcedureStepPush,
        UnifiedProcedureStepPull,
        UnifiedProcedureStepQuery,
        UnifiedProcedureStepWatch,
    )
    uid, lock = generate_uid(), generate_uid()
    with associated(wire, server, *classes) as association:

        def act(action_type, ds, through):
            status, _ = association.send_n_action(
                ds, action_type, UnifiedProcedureStepPush, uid, meta_uid=through
            )
            return status.Status

        made, _ = association.send_n_create(work(), UnifiedProcedureStepPush, uid)
        assert made.Status == 0
        watch = keys(ReceivingAE=title, DeletionLock="FALSE")
        assert act(3, watch, UnifiedProcedureStepWatch) == 0
        claim = keys(ProcedureStepState="IN PROGRESS", TransactionUID=lock)
        assert act(1, claim, UnifiedProcedureStepPull) == 0
        for through in (UnifiedProcedureStepQuery, UnifiedProcedureStepPull):
            wanted = keys(ProcedureStepState="IN PROGRESS", SOPInstanceUID=uid)
            (item,) = found(association, wanted, through)
            assert item.SOPInstanceUID == uid
        got, ds = association.send_n_get(
            [0x00741000], UnifiedProcedureStepPush, uid, meta_uid=UnifiedProcedureStepWatch
        )
        assert (got.Status, ds.ProcedureStepState) == (0, "IN PROGRESS")
    # State Report (PS3.4 CC.2.4): of the subscription, and of the claim
    eventually(lambda: heard.count((uid, 1)) >= 2, server)


# SEC-01, PS3.7 D.3.3.7
@pytest.mark.parametrize("kind", [1, 2])
def test_a_user_that_it_names_is_taken_note_of(wire, server, kind):
    user = UserIdentityNegotiation()
    user.user_identity_type, user.primary_field = kind, b"jane"
    user.positive_response_requested = True
    if kind == 2:
        user.secondary_field = b"secret"
    with associated(wire, server, Verification, ext_neg=[user]) as association:
        answered = association.acceptor.user_identity
        assert answered is not None
        assert answered.server_response == b""
        assert association.send_c_echo().Status == 0


# -- we ask pynetdicom ------------------------------------------------------------------------------


class Remote:
    """An archive of pynetdicom: it finds, gives and moves a study, and keeps what it is sent."""

    def __init__(self, wire, title, contents, moves_to=None):
        self.contents = {uid_of(content): content for content in contents}
        self.came = {}
        ae = wire.ae(title)
        ae.add_supported_context(Verification)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        if moves_to is None:
            ae.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        else:
            ae.add_supported_context(StudyRootQueryRetrieveInformationModelMove)
        ae.add_supported_context(
            CTImageStorage, ExplicitVRLittleEndian, scu_role=True, scp_role=True
        )
        ae.add_supported_context(ModalityWorklistInformationFind)
        # As requestor of the sub-operations of a C-MOVE.
        ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
        self._moves_to, self._wire = moves_to, wire
        self.port = wire.listen(
            ae,
            [
                on_store(self.came),
                (evt.EVT_C_FIND, self._find),
                (evt.EVT_C_GET, self._give),
                (evt.EVT_C_MOVE, self._move),
            ],
        )

    def _find(self, event):
        if event.request.AffectedSOPClassUID == ModalityWorklistInformationFind:
            step = keys(Modality="CT", ScheduledStationAETitle="CT1")
            yield 0xFF00, keys(PatientName="Doe^Jane", ScheduledProcedureStepSequence=[step])
            return
        level, seen = event.identifier.QueryRetrieveLevel, set()
        uids = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}
        for content in self.contents.values():
            ds = dcmread(io.BytesIO(content))
            unique = ds[uids.get(level, "SOPInstanceUID")].value
            if unique not in seen:
                seen.add(unique)
                answer = keys(QueryRetrieveLevel=level, PatientName=ds.PatientName)
                for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                    setattr(answer, keyword, ds[keyword].value)
                answer.SOPClassUID, answer.Modality = ds.SOPClassUID, ds.Modality
                yield 0xFF00, answer

    def _give(self, event):
        yield len(self.contents)
        for content in self.contents.values():
            yield 0xFF00, dcmread(io.BytesIO(content))

    def _move(self, event):
        port = self._moves_to
        yield "127.0.0.1", port, {"ae_title": "HOUNSFIELD", "tls_args": self._wire.tls_args}
        yield from self._give(event)


def api(server, path, body=None):
    url = f"{server.http}/api{path}"
    answer = (
        httpx.get(url, timeout=60)
        if body is None
        else httpx.post(url, json=body, headers={"Origin": server.http}, timeout=60)
    )
    assert answer.is_success, answer.text
    return answer.json()


# NET-01, STO-01
def test_we_ask_it_whether_it_is_there_and_send(wire, server, tmp_path):
    contents = [numbered(7, 1, one) for one in range(4)]
    remote = Remote(wire, "REMOTE", contents)
    address = f"REMOTE@127.0.0.1:{remote.port}"
    command("echo", "--data", server.data, *wire.flag, address)
    files = []
    for at, content in enumerate(contents):
        files.append(tmp_path / f"{at}.dcm")
        files[-1].write_bytes(content)
    command("send", "--data", server.data, *wire.flag, *files, address)
    assert remote.came == {uid_of(content): dataset_of(content) for content in contents}


# QR-01, QR-08, QR-09
@pytest.mark.parametrize("method", ["get", "move"])
def test_we_search_it_and_pull_a_study(wire, server, number, method):
    which = 20 + number + 2 * (method == "move")
    name = f"archive{which}"
    contents = [numbered(which, 1, one) for one in range(3)]
    moves_to = wire.port(server) if method == "move" else None
    remote = Remote(wire, name.upper(), contents, moves_to)
    wire.introduce(server, name, name.upper(), remote.port)
    asked = {"level": "study", "match": {"PatientID": "P1"}}
    (match,) = api(server, f"/peers/{name}/query", asked)["matches"]
    assert match["StudyInstanceUID"] == study_of(which)
    job = api(server, f"/peers/{name}/pull", {"StudyInstanceUID": study_of(which)})
    job = eventually(
        lambda: (
            (now := api(server, f"/jobs/{job['id']}"))["state"] not in {"queued", "running"} and now
        ),
        server,
    )
    assert (job["state"], job["done"]) == ("done", 3), job
    for uid, content in remote.contents.items():
        url = f"{server.dicomweb}/studies/{study_of(which)}/series/{study_of(which)}.1"
        came = httpx.get(
            f"{url}/instances/{uid}",
            headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'},
            timeout=30,
        )
        assert dataset_of(content) in came.content


# SC-01, NET-06
def test_we_ask_it_to_commit_and_it_reports(wire, server, number):
    sent = fill(server, 30 + number, count=2)
    name = f"keeper{number}"
    ae = wire.ae(name.upper())
    ae.add_supported_context(StorageCommitmentPushModel)

    def on_action(event):
        request = event.action_information
        keep.append(request)
        return 0x0000, None

    keep = []
    port = wire.listen(ae, [(evt.EVT_N_ACTION, on_action)])
    wire.introduce(server, name, name.upper(), port)
    asking = subprocess.Popen(
        hounsfield("commit", "--json", "--data", server.data, study_of(30 + number), name),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: keep, server)
        result = keys(
            TransactionUID=keep[0].TransactionUID,
            ReferencedSOPSequence=keep[0].ReferencedSOPSequence,
        )
        # On an association of its own, as SCP (PS3.4 J.3.3): whom it was asked by is who we are.
        with associated(
            wire, server, StorageCommitmentPushModel, title=name.upper(),
            ext_neg=[build_role(StorageCommitmentPushModel, scp_role=True)],
        ) as association:  # fmt: skip
            told, _ = association.send_n_event_report(
                result, 1, StorageCommitmentPushModel, PUSH_INSTANCE
            )
            assert told.Status == 0
        told = json.loads(asking.communicate(timeout=WITHIN_S)[0])
    finally:
        asking.kill()
        asking.wait()
    assert (told["state"], told["committed"], told["total"]) == ("answered", len(sent), len(sent))


# MWL-01
def test_we_read_its_worklist(wire, server):
    name = f"ris{wire.is_tls:d}"
    wire.introduce(server, name, "RIS", Remote(wire, "RIS", []).port)
    (item,) = json.loads(command("worklist", "--data", server.data, name, "--json"))
    assert (item["PatientName"], item["ScheduledStationAETitle"]) == ("Doe^Jane", "CT1")


# IAN
def test_we_tell_it_of_a_study_that_is_complete(wire, server, number):
    heard, name = [], f"viewer{number}"

    def on_create(event):
        heard.append(event.attribute_list)
        return 0x0000, None

    ae = wire.ae(name.upper())
    ae.add_supported_context(InstanceAvailabilityNotification)
    port = wire.listen(ae, [(evt.EVT_N_CREATE, on_create)])
    wire.introduce(server, name, name.upper(), port, wants_availability=True)
    sent = fill(server, 40 + number)
    uid = study_of(40 + number)
    eventually(lambda: [ds for ds in heard if ds.StudyInstanceUID == uid], server)
    ds = next(one for one in heard if one.StudyInstanceUID == uid)
    (series,) = ds.ReferencedSeriesSequence
    assert {str(one.ReferencedSOPInstanceUID) for one in series.ReferencedSOPSequence} == set(sent)
