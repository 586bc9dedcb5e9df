"""What the tests of storage commitment share: an archive with instances, its jobs, and pynetdicom in both roles."""

import contextlib
import dataclasses
import threading
import time

import orjson
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel
from sqlalchemy import select
from tests.dimse.peer import CT, instance

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.site.commitment import CommitmentCheck
from hounsfield.dimse.scu.commitment_scu import ReportCommitment, RequestCommitment
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import job
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer

PUSH_MODEL = "1.2.840.10008.1.20.1"
PUSH_INSTANCE = "1.2.840.10008.1.20.1.1"
STUDY = "1.2.826.0.1.3680043.8.498.9.1"


@dataclasses.dataclass
class Running:
    """A job that the test carries out itself."""

    id: str
    lane: str
    study_instance_uid: str
    arguments: dict
    attempt: int = 1
    told: list = dataclasses.field(default_factory=list)
    stopped: bool = False

    def progress(self, done, total, text=""):
        self.told.append((done, total))

    def is_stopped(self):
        return self.stopped


def queued(archive, kind):
    """The jobs of a kind, oldest first, as they lie in the index."""
    statement = select(job).where(job.c.kind == kind).order_by(job.c.created_us)
    with archive.store.index.database.reading() as connection:
        rows = connection.execute(statement).all()
    return [
        Running(row.id, row.lane, row.study_instance_uid, orjson.loads(row.arguments))
        for row in rows
    ]


def commitments(archive):
    return Commitments(archive.store.index.database)


def report_handler(archive, peers=(), **more):
    kept = commitments(archive)
    check = CommitmentCheck(archive.store.storage, kept)
    return ReportCommitment(kept, check, Peers(archive.store.index.database, peers), **more)


def request_handler(archive, peers=()):
    retrieve = Retrieve(archive.store.storage, archive.store.index)
    known = Peers(archive.store.index.database, peers)
    return RequestCommitment(commitments(archive), retrieve, known, "HOUNSFIELD")


def put(archive, number, **changes):
    """Store an instance; gives its SOP class and instance UID."""
    from tests.dimse.peer import EXPLICIT, dataset_bytes

    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.store import Source
    from hounsfield.dicom.part10 import file_meta

    ds = instance(number, **changes)
    spool = archive.store.spool()
    spool.write(
        file_meta(
            sop_class_uid=ds.SOPClassUID,
            sop_instance_uid=ds.SOPInstanceUID,
            transfer_syntax_uid=EXPLICIT,
            source_ae_title="TEST",
            sending_ae_title="TEST",
            receiving_ae_title="HOUNSFIELD",
        )
    )
    spool.write(dataset_bytes(ds))
    archive.store.store_instance(spool, Source(LOCAL, "import", "test"))
    return str(ds.SOPClassUID), str(ds.SOPInstanceUID)


def missing(number=99):
    return CT, f"1.2.826.0.1.3680043.8.498.9.1.1.{number}"


def action(references, transaction_uid=None):
    """The Action Information of a request."""
    ds = Dataset()
    ds.TransactionUID = transaction_uid or generate_uid()
    ds.ReferencedSOPSequence = []
    for sop_class, sop_instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        ds.ReferencedSOPSequence.append(item)
    return ds


class Results:
    """What a pynetdicom peer was told."""

    def __init__(self, status=0x0000):
        self.status = status
        self.heard = []
        self._came = threading.Event()

    def on_event(self, event):
        self.heard.append((event.request.EventTypeID, event.event_information))
        self._came.set()
        return self.status, None

    @property
    def handlers(self):
        return [(evt.EVT_N_EVENT_REPORT, self.on_event)]

    def wait(self):
        assert self._came.wait(40), "no result came"
        self._came.clear()
        return self.heard[-1]


def committed_in(result):
    return [str(one.ReferencedSOPInstanceUID) for one in result.get("ReferencedSOPSequence", [])]


def failed_in(result):
    return {
        str(one.ReferencedSOPInstanceUID): one.FailureReason
        for one in result.get("FailedSOPSequence", [])
    }


@contextlib.contextmanager
def scu_association(port, results=None, *, calling="SCANNER", syntax="1.2.840.10008.1.2.1"):
    """pynetdicom as the one who asks, able to hear the result on the same association."""
    ae = AE(calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    ae.add_requested_context(StorageCommitmentPushModel, syntax)
    assoc = ae.associate(
        "127.0.0.1", port, ae_title="HOUNSFIELD", evt_handlers=results.handlers if results else []
    )
    assert assoc.is_established
    try:
        yield assoc
    finally:
        if assoc.is_established:
            assoc.release()


def ask(assoc, dataset, *, action_type=1, instance_uid=PUSH_INSTANCE):
    status, _ = assoc.send_n_action(dataset, action_type, PUSH_MODEL, instance_uid)
    return status.Status if "Status" in status else None


@contextlib.contextmanager
def listening(results, *, title="SCANNER", role=True, port=0):
    """pynetdicom as the one who asked, at the port where it wants to hear the result."""
    ae = AE(title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    ae.add_supported_context(
        StorageCommitmentPushModel,
        scu_role=True if role else None,
        scp_role=True if role else None,
    )
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=results.handlers)
    try:
        yield Peer(title, "127.0.0.1", server.server_address[1], name=title.lower())
    finally:
        server.shutdown()


class Worker:
    """Carries out the jobs of a kind, again and again, as the engine does."""

    def __init__(self, archive, kind, handler):
        self._archive, self._kind, self._handler = archive, kind, handler
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._ended.set()
        self._thread.join()

    def _run(self):
        done = set()
        while not self._ended.wait(0.02):
            for one in queued(self._archive, self._kind):
                if one.id not in done:
                    with contextlib.suppress(HounsfieldError):
                        self._handler(one)
                        done.add(one.id)


class Keeper:
    """A pynetdicom SCP of storage commitment that fails what it is told to."""

    def __init__(self, *, failing=(), answers_to=None, status=0, mentions_all=True):
        self.failing = failing
        self.answers_to = answers_to  # our port, where it answers on an association of its own
        self.status = status
        self.mentions_all = mentions_all
        self.requests = []
        self.answers = []

    def on_action(self, event):
        if self.status == 0:
            self.requests.append(event.action_information)
            threading.Thread(
                target=self.answer, args=(event.assoc, event.action_information)
            ).start()
        return self.status, None

    def result(self, request):
        ds = Dataset()
        ds.TransactionUID = request.TransactionUID
        ds.ReferencedSOPSequence, failed = [], []
        for one in request.ReferencedSOPSequence:
            if one.ReferencedSOPInstanceUID in self.failing:
                one.FailureReason = 0x0112
                failed.append(one)
            elif self.mentions_all:
                ds.ReferencedSOPSequence.append(one)
        if failed:
            ds.FailedSOPSequence = failed
        return ds, 2 if failed else 1

    def answer(self, assoc, request):
        result, event_type = self.result(request)
        if self.answers_to is None:
            time.sleep(0.05)
            told, _ = assoc.send_n_event_report(result, event_type, PUSH_MODEL, PUSH_INSTANCE)
            self.answers.append(told.Status)
            return
        ae = AE("KEEPER")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_requested_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        own = ae.associate("127.0.0.1", self.answers_to, ae_title="HOUNSFIELD", ext_neg=[role])
        told, _ = own.send_n_event_report(result, event_type, PUSH_MODEL, PUSH_INSTANCE)
        self.answers.append(told.Status)
        own.release()

    @contextlib.contextmanager
    def listening(self):
        ae = AE("KEEPER")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_supported_context(StorageCommitmentPushModel)
        server = ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_ACTION, self.on_action)]
        )
        try:
            yield Peer("KEEPER", "127.0.0.1", server.server_address[1], name="keeper")
        finally:
            server.shutdown()
