"""C-GET and C-MOVE against live servers (PS3.4 C.4.2, C.4.3)."""

import socket
import warnings

import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from tests.dimse.getting import PATIENT_GET, PATIENT_MOVE, STUDY_GET, STUDY_MOVE, Retriever
from tests.dimse.peer import CT, EXPLICIT, IMPLICIT, aborts
from tests.dimse.querying import BIG, SUCCESS, read
from tests.instances import MR_IMAGE, part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.store import Source
from hounsfield.dicom.part10 import read_header
from hounsfield.dimse.association import GATHERED_BYTES
from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.config import Peer
from hounsfield.dimse.upper_layer.items import ExtendedNegotiation, RoleSelection
from hounsfield.dimse.upper_layer.negotiation import Support, answer
from hounsfield.errors import Unavailable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE, evt

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
JPEG, MPEG = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.100"
CANCEL, WITH_FAILURES, ALL_FAILED = 0xFE00, 0xB000, 0xA702
UNKNOWN_DESTINATION, NOT_MATCHING = 0xA801, 0xA900


def put(archive, content):
    spool = archive.store.spool()
    spool.write(content)
    archive.store.store_instance(spool, Source(LOCAL, "import", "test"))
    return content[read_header(content).dataset_offset :]


@pytest.fixture
def stored(archive):
    """Data sets by SOP Instance UID: a study with a series of three CTs and one of two MRs."""
    found = {}
    for series, (sop_class, count) in enumerate(((CT, 3), (MR_IMAGE, 2)), 1):
        for image in range(1, count + 1):
            uid = f"1.2.1.{series}.{image}"
            found[uid] = put(
                archive,
                part10(
                    SOPClassUID=sop_class, SOPInstanceUID=uid, StudyInstanceUID="1.2.1",
                    SeriesInstanceUID=f"1.2.1.{series}", SeriesNumber=str(series),
                    InstanceNumber=str(image), PixelData=bytes(100_000),
                ),
            )  # fmt: skip
    return found


def counters(response):
    """(remaining or None, completed, failed, warnings)."""
    remaining = None
    if CommandTag.NUMBER_OF_REMAINING_SUB_OPERATIONS in response:
        remaining = response.number(CommandTag.NUMBER_OF_REMAINING_SUB_OPERATIONS)
    return (
        remaining,
        response.number(CommandTag.NUMBER_OF_COMPLETED_SUB_OPERATIONS),
        response.number(CommandTag.NUMBER_OF_FAILED_SUB_OPERATIONS),
        response.number(CommandTag.NUMBER_OF_WARNING_SUB_OPERATIONS),
    )


@pytest.fixture
def getter(archive, stored, serve):
    _server, port = serve(archive)
    with Retriever(port) as peer:
        yield peer


# QR-09
@pytest.mark.parametrize(
    ("root", "level", "keys", "expected"),
    [
        (STUDY_GET, "STUDY", {"StudyInstanceUID": "1.2.1"}, {"1", "2"}),
        (PATIENT_GET, "PATIENT", {"PatientID": "P1"}, {"1", "2"}),
        (STUDY_GET, "SERIES", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.2"}, {"2"}),
        (STUDY_GET, "STUDY", {"StudyInstanceUID": "9.9"}, set()),
    ],
)
def test_get_brings_every_instance_byte_for_byte(getter, stored, root, level, keys, expected):
    getter.open(root, (CT, EXPLICIT), (MR_IMAGE, EXPLICIT))
    getter.retrieve(CommandField.C_GET_RQ, level, **keys)
    came, responses, failed = getter.take_all()
    wanted = {uid: data for uid, data in stored.items() if uid.split(".")[3] in expected}
    assert came == wanted
    assert (responses[-1].status, failed) == (SUCCESS, [])
    assert counters(responses[-1]) == (None, len(wanted), 0, 0)


# QR-09
def test_get_of_single_instances_leaves_the_others(getter, stored):
    getter.open(STUDY_GET, (CT, EXPLICIT))
    getter.retrieve(
        CommandField.C_GET_RQ, "IMAGE", StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.1",
        SOPInstanceUID=["1.2.1.1.1", "1.2.1.1.3"],
    )  # fmt: skip
    came, responses, _ = getter.take_all()
    assert came == {uid: stored[uid] for uid in ("1.2.1.1.1", "1.2.1.1.3")}
    assert responses[-1].status == SUCCESS


# NET-05
def test_a_second_request_while_instances_are_sent_breaks_the_association(getter, stored):
    getter.open(STUDY_GET, (CT, EXPLICIT))
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    command, _data, _context_id = getter.next_message()
    assert command.command_field == CommandField.C_STORE_RQ
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    assert aborts([getter.hear()]) == [(2, 5)]  # PS3.8 9.3.8: unexpected parameter


# QR-09, PS3.4 C.4.3.1.3: sub-operations have the priority of the C-GET
def test_what_a_get_sends_has_its_priority(getter, stored):
    getter.open(STUDY_GET, (CT, EXPLICIT))
    keys = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1"}
    getter.retrieve(CommandField.C_GET_RQ, "SERIES", priority=2, **keys)
    command, _data, _context_id = getter.next_message()
    assert (command.command_field, command.priority) == (CommandField.C_STORE_RQ, 2)


# QR-08, QR-09
def test_what_was_not_offered_or_is_refused_is_counted_and_named(getter, stored):
    getter.open(STUDY_GET, (CT, EXPLICIT))  # no MR
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    statuses = {"1.2.1.1.1": 0xA700, "1.2.1.1.2": 0xB000}
    came, responses, failed = getter.take_all(lambda uid: statuses.get(uid, 0))
    assert set(came) == {"1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3"}
    assert counters(responses[0]) == (4, 0, 1, 0)  # the first Pending
    assert responses[-1].status == WITH_FAILURES
    assert counters(responses[-1]) == (None, 1, 3, 1)
    assert failed == ["1.2.1.1.1", "1.2.1.2.1", "1.2.1.2.2"]


# QR-09
@pytest.mark.parametrize("storage", [(), ((CT, JPEG), (MR_IMAGE, MPEG))])
def test_get_of_nothing_that_the_peer_could_take_fails_and_names_all(getter, stored, storage):
    getter.open(STUDY_GET, *storage)
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    came, responses, failed = getter.take_all()
    assert (came, responses[-1].status, set(failed)) == ({}, ALL_FAILED, set(stored))
    assert getter.message_id


# QR-01
@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("STUDY", {}),
        ("STUDY", {"StudyInstanceUID": ""}),
        ("SERIES", {"SeriesInstanceUID": "1.2.1.1"}),
        ("PATIENT", {"PatientID": "P1"}),
    ],
)
def test_keys_that_name_nothing_are_refused(getter, level, keys):
    getter.open(STUDY_GET, (CT, EXPLICIT))
    getter.retrieve(CommandField.C_GET_RQ, level, **keys)
    _, responses, _ = getter.take_all()
    assert [response.status for response in responses] == [NOT_MATCHING]
    assert responses[0].error_comment


# QR-01
def test_a_pattern_never_widens_what_is_retrieved_also_when_relational(archive, stored, serve):
    _server, port = serve(archive)
    with Retriever(port) as peer:
        peer.root = STUDY_GET
        peer.associate(
            (STUDY_GET, (EXPLICIT,)),
            (CT, (EXPLICIT,)),
            role_selections=(RoleSelection(CT, scu_role=False, scp_role=True),),
            extended_negotiations=(ExtendedNegotiation(STUDY_GET, b"\1"),),
        )
        peer.retrieve(CommandField.C_GET_RQ, "SERIES", PatientID="Q*", SeriesInstanceUID="1.2.1.1")
        came, responses, _ = peer.take_all()
        assert (came, [r.status for r in responses]) == ({}, [NOT_MATCHING])
        peer.retrieve(CommandField.C_GET_RQ, "SERIES", SeriesInstanceUID="1.2.1.1")
        assert len(peer.take_all()[0]) == 3


# QR-07
def test_a_cancel_ends_a_get_with_what_was_done_and_what_is_left(getter, stored):
    getter.open(STUDY_GET, (CT, EXPLICIT), (MR_IMAGE, EXPLICIT))
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    first, _, context_id = getter.next_message()
    cancel = {CommandTag.MESSAGE_ID_BEING_RESPONDED_TO: getter.message_id}
    getter.send(Command.of(CommandField.C_CANCEL_RQ, cancel), context_id=1)
    getter.send(respond(first, 0), context_id=context_id)
    came, responses, _ = getter.take_all()
    assert came == {}
    assert responses[-1].status == CANCEL
    assert counters(responses[-1]) == (4, 1, 0, 0)


# NET-06
def test_roles_are_granted_for_storage_only(getter):
    answer = getter.open(STUDY_GET, (CT, EXPLICIT))
    assert answer.user_information.role_selections == (
        RoleSelection(CT, scu_role=False, scp_role=True),
    )


@pytest.fixture
def destination(make_archive, serve, tmp_path_factory, monkeypatch):
    """Another server of ours, as the peer THERE; it notes who moved what to it."""
    from tests.dimse import conftest

    root = tmp_path_factory.mktemp("there")
    storage = conftest.FilesystemStorage(conftest.FilesystemConfig(root, reserve_bytes=0))
    with conftest.Index(conftest.IndexConfig(root / "index.db")) as index:
        there = conftest.Archive(root, storage, conftest.InstanceStore(storage, index))
        _server, port = serve(there, ae_title="THERE")
        yield there, Peer("THERE", "127.0.0.1", port)


@pytest.fixture
def mover(archive, stored, serve, destination):
    _there, peer = destination
    _server, port = serve(archive, peers=(peer, Peer("NOPORT", "127.0.0.1")))
    with Retriever(port) as requestor:
        yield requestor


# QR-08
@pytest.mark.parametrize(
    ("root", "level", "keys"),
    [
        (STUDY_MOVE, "STUDY", {"StudyInstanceUID": "1.2.1"}),
        (PATIENT_MOVE, "STUDY", {"PatientID": "P1", "StudyInstanceUID": "1.2.1"}),
    ],
)
def test_move_sends_every_instance_byte_for_byte(mover, stored, destination, root, level, keys):
    there, _peer = destination
    mover.open(root)
    mover.retrieve(CommandField.C_MOVE_RQ, level, "THERE", **keys)
    _, responses, failed = mover.take_all()
    assert (responses[-1].status, failed) == (SUCCESS, [])
    assert counters(responses[-1]) == (None, 5, 0, 0)
    assert counters(responses[0])[0] == 4
    assert sorted(there.datasets()) == sorted(stored.values())


# QR-08
@pytest.mark.parametrize("name", ["NOBODY", "NOPORT"])
def test_a_destination_that_is_not_known_is_a801(mover, name):
    mover.open(STUDY_MOVE)
    mover.retrieve(CommandField.C_MOVE_RQ, "STUDY", name, StudyInstanceUID="1.2.1")
    _, responses, _ = mover.take_all()
    assert [response.status for response in responses] == [UNKNOWN_DESTINATION]
    assert name in responses[0].error_comment


# QR-08
def test_of_two_peers_of_one_ae_title_the_one_that_asks_gets_its_images(
    archive, stored, serve, destination
):
    there, peer = destination
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        port_of_other = elsewhere.getsockname()[1]
        other = Peer("THERE", "127.0.0.0/24", port_of_other, name="another")
        namesake = Peer("THERE", "127.0.0.2", port_of_other, name="namesake")
        _server, port = serve(archive, peers=(namesake, other, peer))
        with Retriever(port) as mover:
            mover.open(STUDY_MOVE, calling="THERE")
            mover.retrieve(CommandField.C_MOVE_RQ, "STUDY", "THERE", StudyInstanceUID="1.2.1")
            _, responses, _ = mover.take_all()
    assert responses[-1].status == SUCCESS
    assert len(there.files()) == len(stored)


# QR-08
def test_a_destination_that_does_not_answer_fails_every_instance(archive, stored, serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port_of_nobody = taken.getsockname()[1]
    _server, port = serve(archive, peers=(Peer("THERE", "127.0.0.1", port_of_nobody),))
    with Retriever(port) as mover:
        mover.open(STUDY_MOVE)
        mover.retrieve(CommandField.C_MOVE_RQ, "STUDY", "THERE", StudyInstanceUID="1.2.1")
        _, responses, failed = mover.take_all()
        assert (responses[-1].status, set(failed)) == (ALL_FAILED, set(stored))
        assert "no connection" in responses[-1].error_comment


# QR-08
def test_one_instance_that_cannot_be_read_does_not_stop_the_others(
    archive, mover, stored, destination
):
    there, _peer = destination
    (damaged,) = archive.root.rglob("1.2.1.1.2.*.dcm")
    damaged.unlink()
    mover.open(STUDY_MOVE)
    mover.retrieve(CommandField.C_MOVE_RQ, "STUDY", "THERE", StudyInstanceUID="1.2.1")
    _, responses, failed = mover.take_all()
    assert (responses[-1].status, failed) == (WITH_FAILURES, ["1.2.1.1.2"])
    assert len(there.files()) == 4


class Breaking:
    """A destination that ends the association over some instances, and keeps the others."""

    def __init__(self, breaks_over):
        self.came, self.breaks_over, self.associations = [], breaks_over, 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        ae = AE("THERE")
        for sop_class in (CT, MR_IMAGE):
            ae.add_supported_context(sop_class, [EXPLICIT, IMPLICIT])
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_ACCEPTED, self._accepted)]
        self.server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)

    def _accepted(self, _event):
        self.associations += 1

    def _store(self, event):
        uid = event.request.AffectedSOPInstanceUID
        if self.breaks_over == "all" or uid in self.breaks_over:
            event.assoc.abort()
            return 0xC000
        self.came.append(uid)
        return 0x0000


# QR-08
@pytest.mark.parametrize(("breaks_over", "fails"), [(["1.2.1.1.2"], 1), ("all", 5)])
def test_an_instance_that_ends_the_association_does_not_stop_the_others(
    archive, stored, serve, breaks_over, fails
):
    there = Breaking(breaks_over)
    _server, port = serve(archive, peers=(Peer("THERE", "127.0.0.1", there.port),))
    try:
        with Retriever(port) as mover:
            mover.open(STUDY_MOVE)
            mover.retrieve(CommandField.C_MOVE_RQ, "STUDY", "THERE", StudyInstanceUID="1.2.1")
            _, responses, failed = mover.take_all()
    finally:
        there.server.shutdown()
    assert len(failed) == fails
    assert sorted([*there.came, *failed]) == sorted(stored)
    assert there.associations <= 6
    assert responses[-1].status == (WITH_FAILURES if there.came else ALL_FAILED)


# QR-08
def test_the_destination_is_told_who_asked(archive, stored, serve):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = Peer("THERE", "127.0.0.1", listener.getsockname()[1])
        _server, port = serve(archive, peers=(peer,))
        with Retriever(port) as mover:
            mover.open(STUDY_MOVE)
            mover.retrieve(
                CommandField.C_MOVE_RQ, "STUDY", "THERE", priority=1, StudyInstanceUID="1.2.1"
            )
            there = Retriever.__new__(Retriever)
            there.sock, _ = listener.accept()
            there.sock.settimeout(20)
            with there.sock:
                request = there.hear()
                assert (request.calling_ae_title, request.called_ae_title) == (
                    "HOUNSFIELD",
                    "THERE",
                )
                everything = Support(frozenset((EXPLICIT,)))
                there.say(answer(request, lambda *_: everything, maximum_length=16384).answer)
                command, _, _ = there.next_message()
                listener.close()  # it is not to be called again
            assert command.move_originator == ("RAW", mover.message_id)
            assert command.priority == 1
            _, responses, failed = mover.take_all()
            assert responses[-1].status == ALL_FAILED
            assert set(failed) == set(stored)


# QR-10
def test_who_takes_only_the_other_little_endian_syntax_gets_the_same_content(getter, stored):
    getter.open(STUDY_GET, (CT, IMPLICIT), (MR_IMAGE, EXPLICIT))
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    came, responses, failed = getter.take_all()
    assert (responses[-1].status, failed) == (SUCCESS, [])
    for uid, data in came.items():
        is_ct = uid.startswith("1.2.1.1.")
        assert (data == stored[uid]) is not is_ct
        assert read(data, IMPLICIT if is_ct else EXPLICIT) == read(stored[uid], EXPLICIT)


# QR-10
def test_a_destination_that_takes_only_implicit_vr_gets_it(archive, stored, serve, monkeypatch):
    monkeypatch.setattr("hounsfield.dimse.acceptance.STORED_SYNTAXES", frozenset((IMPLICIT,)))
    _server, port = serve(archive)
    peers = (Peer("HOUNSFIELD", "127.0.0.1", port),)  # to itself: all of it is here already
    _server, port = serve(archive, peers=peers)
    with Retriever(port) as mover:
        mover.open(STUDY_MOVE)
        mover.retrieve(CommandField.C_MOVE_RQ, "STUDY", "HOUNSFIELD", StudyInstanceUID="1.2.1")
        _, responses, failed = mover.take_all()
        assert (responses[-1].status, failed) == (SUCCESS, [])
    written = [read_header(content).transfer_syntax_uid for content in archive.files()]
    assert sorted(written) == [IMPLICIT] * 5 + [EXPLICIT] * 5


# QR-01
@pytest.mark.parametrize(("patient_id", "image"), [("P1", "1"), ("P2", "2")])
def test_a_study_uid_that_two_patients_share_brings_only_those_of_the_one_asked_for(
    archive, serve, patient_id, image
):
    for number in ("1", "2"):
        put(archive, part10(PatientID=f"P{number}", StudyInstanceUID="1.2.1", SOPClassUID=CT,
                            SeriesInstanceUID="1.2.1.1", SOPInstanceUID=f"1.2.1.1.{number}"))  # fmt: skip
    _server, port = serve(archive)
    with Retriever(port) as peer:
        peer.open(PATIENT_GET, (CT, EXPLICIT))
        for level, keys in (("PATIENT", {}), ("STUDY", {"StudyInstanceUID": "1.2.1"})):
            peer.retrieve(CommandField.C_GET_RQ, level, PatientID=patient_id, **keys)
            assert set(peer.take_all()[0]) == {f"1.2.1.1.{image}"}


# QR-08
def test_an_index_that_cannot_be_asked_is_a701(archive, stored, serve, monkeypatch):
    def fail(*_keys):
        raise Unavailable("the index is away")

    _server, port = serve(archive)
    with Retriever(port) as peer:
        peer.open(STUDY_GET, (CT, EXPLICIT))
        monkeypatch.setattr(archive.store.index, "locate_by", fail)
        peer.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
        _, responses, _ = peer.take_all()
        assert [response.status for response in responses] == [0xA701]


# QR-10
def test_what_is_compressed_is_decoded_for_who_does_not_take_it_and_video_fails_alone(
    archive, serve
):
    row = bytes((1, 2, 3, 4))
    rle = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + bytes((3,)) + row
    image = {"Rows": 1, "Columns": 4, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    common = {
        "StudyInstanceUID": "1.2.1",
        "SeriesInstanceUID": "1.2.1.1",
        "SOPClassUID": CT,
        **image,
    }
    for number, syntax in enumerate(("1.2.840.10008.1.2.5", MPEG), 1):
        put(archive, part10(SOPInstanceUID=f"1.2.1.1.{number}", transfer_syntax_uid=syntax,
                            PixelData=encapsulate([rle + bytes(len(rle) % 2)]), **common))  # fmt: skip
    _server, port = serve(archive)
    with Retriever(port) as peer:
        peer.open(STUDY_GET, (CT, IMPLICIT))
        peer.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
        came, responses, failed = peer.take_all()
    assert (responses[-1].status, failed) == (WITH_FAILURES, ["1.2.1.1.2"])
    assert read(came["1.2.1.1.1"], IMPLICIT).PixelData == row


INSTANCE_MOVE, INSTANCE_GET = "1.2.840.10008.5.1.4.1.2.4.2", "1.2.840.10008.5.1.4.1.2.4.3"
WITHOUT_BULK_DATA = "1.2.840.10008.5.1.4.1.2.5.3"


# QR-09
@pytest.mark.parametrize("level", ["IMAGE", None])
def test_instances_are_had_by_their_uids_alone(getter, stored, level):
    getter.open(INSTANCE_GET, (CT, EXPLICIT), (MR_IMAGE, EXPLICIT))
    wanted = ["1.2.1.1.1", "1.2.1.2.2"]
    getter.retrieve(CommandField.C_GET_RQ, level, SOPInstanceUID=wanted)
    came, responses, _ = getter.take_all()
    assert came == {uid: stored[uid] for uid in wanted}
    assert responses[-1].status == SUCCESS
    getter.retrieve(CommandField.C_GET_RQ, "STUDY", StudyInstanceUID="1.2.1")
    assert getter.take_all()[1][-1].status == NOT_MATCHING


# QR-08
def test_instances_are_moved_by_their_uids_alone(archive, stored, serve, destination):
    there, peer = destination
    _server, port = serve(archive, peers=(peer,))
    with Retriever(port) as mover:
        mover.open(INSTANCE_MOVE)
        mover.retrieve(CommandField.C_MOVE_RQ, "IMAGE", "THERE", SOPInstanceUID="1.2.1.1.2")
        assert mover.take_all()[1][-1].status == SUCCESS
    assert there.datasets() == [stored["1.2.1.1.2"]]


# QR-09
def test_what_is_large_stays_behind_where_it_is_not_wanted(archive, serve):
    icon = Dataset()
    icon.Rows = icon.Columns = 1
    icon.BitsAllocated, icon.PixelData = 8, b"\1\0"
    wave = Dataset()
    wave.WaveformData, wave.WaveformBitsAllocated = b"\1\2", 16
    wave["WaveformData"].VR = "OW"
    content = part10(
        SOPClassUID=CT, SOPInstanceUID="1.2.1.1.1", PixelData=bytes(32), IconImageSequence=[icon],
        WaveformSequence=[wave],
    )  # fmt: skip
    put(archive, content)
    put(
        archive,
        part10(
            SOPClassUID=CT, SOPInstanceUID="1.2.1.1.2", transfer_syntax_uid=MPEG,
            PixelData=encapsulate([bytes(64)]),
        ),
    )  # fmt: skip
    _server, port = serve(archive)
    with Retriever(port) as peer:
        peer.open(WITHOUT_BULK_DATA, (CT, EXPLICIT))
        peer.retrieve(CommandField.C_GET_RQ, "IMAGE", SOPInstanceUID=["1.2.1.1.1", "1.2.1.1.2"])
        came, responses, _ = peer.take_all()
    assert responses[-1].status == SUCCESS
    one, other = (read(came[uid], EXPLICIT) for uid in sorted(came))
    assert "PixelData" not in one
    assert "PixelData" not in other
    assert (one.Rows, one.IconImageSequence[0].PixelData) == (4, b"\1\0")
    assert "WaveformData" not in one.WaveformSequence[0]
    assert one.WaveformSequence[0].WaveformBitsAllocated == 16


@pytest.fixture
def multi_frame(archive, serve):
    """A server that has one image of five frames of 2 by 2."""
    groups = []
    for number in range(1, 6):
        group = Dataset()
        group.FrameContentSequence = [Dataset()]
        group.FrameContentSequence[0].FrameAcquisitionNumber = number
        groups.append(group)
    content = part10(
        SOPClassUID=CT, SOPInstanceUID="1.2.1.1.1", Rows=2, Columns=2, BitsAllocated=8,
        BitsStored=8, HighBit=7, NumberOfFrames=5, FrameIncrementPointer=0x00181065,
        FrameTimeVector=[0, 10, 20, 30, 40], PerFrameFunctionalGroupsSequence=groups,
        PixelData=bytes(n for frame in range(1, 6) for n in [frame] * 4),
    )  # fmt: skip
    put(archive, content)
    _server, port = serve(archive)
    with Retriever(port) as peer:
        yield peer


# QR-09
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
@pytest.mark.parametrize(
    ("key", "frames"),
    [
        ({"SimpleFrameList": [2, 5]}, [2, 5]),
        ({"SimpleFrameList": [5, 9]}, [5]),
        ({"CalculatedFrameList": [1, 5, 2]}, [1, 3, 5]),
        ({"CalculatedFrameList": [1, 1, 1, 4, 100, 1]}, [1, 4, 5]),
    ],
)
def test_some_frames_are_had_as_a_new_instance(multi_frame, syntax, key, frames):
    multi_frame.open(INSTANCE_GET, (CT, syntax))
    multi_frame.retrieve(CommandField.C_GET_RQ, "FRAME", SOPInstanceUID="1.2.1.1.1", **key)
    came, responses, _ = multi_frame.take_all()
    assert responses[-1].status == SUCCESS
    ((uid, data),) = came.items()
    made = read(data, syntax)
    assert made.SOPInstanceUID == uid != "1.2.1.1.1"
    assert made.NumberOfFrames == len(frames)
    assert made.PixelData.rstrip(b"\0") == bytes(n for frame in frames for n in [frame] * 4)
    assert [
        group.FrameContentSequence[0].FrameAcquisitionNumber
        for group in made.PerFrameFunctionalGroupsSequence
    ] == frames
    times = made.FrameTimeVector
    assert (list(times) if len(frames) > 1 else [times]) == [(frame - 1) * 10 for frame in frames]
    (extraction,) = made.FrameExtractionSequence
    assert extraction.MultiFrameSourceSOPInstanceUID == "1.2.1.1.1"
    assert set(key) <= set(extraction.dir())


# QR-09
@pytest.mark.parametrize(
    ("key", "status"),
    [
        ({}, 0xAA04),
        ({"SimpleFrameList": [1], "CalculatedFrameList": [1, 1, 1]}, 0xAA04),
        ({"SimpleFrameList": [2, 1]}, 0xAA04),
        ({"SimpleFrameList": [0]}, 0xAA04),
        ({"CalculatedFrameList": [1, 2]}, 0xAA04),
        ({"CalculatedFrameList": [1, 5, 0]}, 0xAA04),
        ({"CalculatedFrameList": [1, 5, 1, 2, 4, 1]}, 0xAA04),
        ({"TimeRange": [0.0, 1.0]}, 0xAA03),
        ({"SimpleFrameList": [6, 7]}, 0xAA00),
    ],
)
def test_frames_that_cannot_be_had_are_refused_with_the_reason(multi_frame, key, status):
    multi_frame.open(INSTANCE_GET, (CT, EXPLICIT))
    multi_frame.retrieve(CommandField.C_GET_RQ, "FRAME", SOPInstanceUID="1.2.1.1.1", **key)
    _, responses, _ = multi_frame.take_all()
    assert [response.status for response in responses] == [status]
    assert responses[0].error_comment


# NET-03, QR-09
@pytest.mark.parametrize("maximum_length", [512, 4096, 16384, 300_000, 0])
def test_fragments_fit_the_peer_also_where_a_write_has_many_of_them(archive, serve, maximum_length):
    limit = min(maximum_length or 1 << 18, 1 << 18) - 6
    block = max(GATHERED_BYTES // (limit + 12), 1) * limit
    empty = len(part10(SOPClassUID=CT, SOPInstanceUID="1.2.1.1.1", PixelData=b""))
    sent = {}
    for number, length in enumerate((block - 2, block, block + 2, 2 * block, limit, limit + 2)):
        uid = f"1.2.1.1.{number}"
        content = part10(SOPClassUID=CT, SOPInstanceUID=uid, PixelData=b"")
        size = max(length - (empty - read_header(content).dataset_offset), 0)
        sent[uid] = put(
            archive,
            part10(SOPClassUID=CT, SOPInstanceUID=uid, PixelData=bytes(size - size % 2)),
        )
    _server, port = serve(archive)
    with Retriever(port) as peer:
        peer.open(INSTANCE_GET, (CT, EXPLICIT), maximum_length=maximum_length)
        peer.retrieve(CommandField.C_GET_RQ, "IMAGE", SOPInstanceUID=list(sent))
        came, responses, _ = peer.take_all()
    assert responses[-1].status == SUCCESS
    assert came == sent
