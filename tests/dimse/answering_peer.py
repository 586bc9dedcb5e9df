"""A query and retrieve SCP of pynetdicom's that has instances, and answers as a test wants it to."""

import contextlib
import threading
import warnings
from dataclasses import dataclass, field

from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.multival import MultiValue
from pynetdicom import AE, build_context, evt
from pynetdicom.sop_class import CTImageStorage, MRImageStorage

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.", "1.2.840.10008.5.1.4.1.2.2."
_KEYS = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}  # fmt: skip


@dataclass
class AnsweringPeer:
    """What it has, what it was asked, and what is wrong with it."""

    instances: list[Dataset] = field(default_factory=list)
    asked: list[tuple[str, Dataset]] = field(default_factory=list)
    # Statuses instead of answers, by "find", "get" and "move".
    statuses: dict[str, object] = field(default_factory=dict)
    answers: list | None = None  # to every query, instead of what it has
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    sends_besides: list[Dataset] = field(default_factory=list)
    unsendable: set[str] = field(default_factory=set)
    break_off_after: int | None = None
    heeds_cancel: bool = True
    is_cancelled: threading.Event = field(default_factory=threading.Event)
    hold: threading.Event | None = None
    proposed: list = field(default_factory=list)
    port: int = 0

    def add(self, content: bytes) -> None:
        self.instances.append(dcmread(DicomBytesIO(content)))

    def _matching(self, identifier):
        for one in self.instances:
            wanted = (
                (key, identifier.get(key)) for key in (*_KEYS.values(), "PatientName") if key in identifier
            )  # fmt: skip
            if all(_matches(one.get(key), value) for key, value in wanted if value):
                yield one

    def on_find(self, event):
        identifier = event.identifier
        self.asked.append(("find", identifier))
        if "find" in self.statuses:
            yield self.statuses["find"], None
            return
        if self.answers is not None:
            found = self.answers
        else:
            key = _KEYS[identifier.QueryRetrieveLevel]
            found = {one[key].value: one for one in self._matching(identifier)}.values()
            found = [_answer(one, identifier, self.instances) for one in found]
        for status, answer in ((0xFF00, one) if isinstance(one, Dataset) else one for one in found):
            if event.is_cancelled:
                self.is_cancelled.set()
                if self.heeds_cancel:
                    yield 0xFE00, None
                    return
            yield status, answer
        if self.hold is not None:
            self.hold.wait(20)

    def _sent(self, event):
        found = [*self._matching(event.identifier), *self.sends_besides]
        yield len(found)
        for number, one in enumerate(found):
            if event.is_cancelled:
                self.is_cancelled.set()
                yield 0xFE00, None
                return
            if self.break_off_after == number:
                event.assoc.abort()
                return
            if self.hold is not None and number:
                self.hold.wait(20)
            if one.SOPInstanceUID in self.unsendable:
                one = Dataset()  # noqa: PLW2901
                one.SOPClassUID, one.SOPInstanceUID = "1.2.3", "1.2.4"
            yield 0xFF00, one

    def on_get(self, event):
        self.asked.append(("get", event.identifier))
        if "get" in self.statuses:
            yield 1
            yield self.statuses["get"], None
            return
        yield from self._sent(event)

    def on_move(self, event):
        self.asked.append(("move", event.identifier))
        if "move" in self.statuses:
            yield "127.0.0.1", 1, {"contexts": [build_context(CTImageStorage)]}
            yield 1
            yield self.statuses["move"], None
            return
        host, port = self.addresses.get(event.move_destination, (None, None))
        yield host, port, {"contexts": [build_context(CTImageStorage, EXPLICIT)]}
        if host is not None:
            yield from self._sent(event)

    def on_requested(self, event):
        self.proposed = list(event.assoc.requestor.primitive.presentation_context_definition_list)

    def levels(self, kind):
        return [one.QueryRetrieveLevel for what, one in self.asked if what == kind]


def _matches(value, wanted):
    if isinstance(wanted, MultiValue):
        return value in wanted
    if str(wanted).endswith("*"):
        return str(value).startswith(str(wanted)[:-1])
    return value == wanted


def _answer(one, identifier, instances):
    made = Dataset()
    made.QueryRetrieveLevel = identifier.QueryRetrieveLevel
    if "SpecificCharacterSet" in one:
        made.SpecificCharacterSet = one.SpecificCharacterSet
    for element in identifier:
        if element.tag in one:
            made[element.tag] = one[element.tag]
    if "ModalitiesInStudy" in identifier:
        of_study = (i for i in instances if i.StudyInstanceUID == one.StudyInstanceUID)
        made.ModalitiesInStudy = sorted({i.Modality for i in of_study})
    return made


@contextlib.contextmanager
def answering_peer(
    roots=(PATIENT_ROOT, STUDY_ROOT),
    services="123",
    syntaxes=(EXPLICIT,),
    classes=(CTImageStorage, MRImageStorage),
    takes_roles=True,
):
    """Run one; ``services`` are 1 for C-FIND, 2 for C-MOVE, 3 for C-GET."""
    peer = AnsweringPeer()
    ae = AE("PACS2")
    ae.maximum_pdu_size = 0
    for root in roots:
        for service in services:
            ae.add_supported_context(root + service, [IMPLICIT, EXPLICIT])
    for uid in classes:
        role = True if takes_roles else None
        ae.add_supported_context(uid, list(syntaxes), scu_role=role, scp_role=role)
    handlers = [
        (evt.EVT_C_FIND, peer.on_find),
        (evt.EVT_C_GET, peer.on_get),
        (evt.EVT_C_MOVE, peer.on_move),
        (evt.EVT_REQUESTED, peer.on_requested),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    peer.port = server.socket.getsockname()[1]
    try:
        yield peer
    finally:
        if peer.hold is not None:
            peer.hold.set()
        server.shutdown()
