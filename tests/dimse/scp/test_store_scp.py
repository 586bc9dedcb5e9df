"""C-STORE and C-ECHO as pynetdicom and a raw peer send them."""

import contextlib
import hashlib
import logging
import warnings

import pytest
from pydicom.dataset import FileMetaDataset
from tests.dimse.peer import (
    CT,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    RawPeer,
    aborts,
    dataset_bytes,
    instance,
    p_data,
    pdv,
)

from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.part10 import read_header
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.storage.filesystem import FilesystemStorage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def associate_by_pynetdicom(port, *contexts):
    ae = AE("PYNETDICOM")
    for abstract_syntax, transfer_syntaxes in contexts:
        ae.add_requested_context(abstract_syntax, transfer_syntaxes)
    association = ae.associate("127.0.0.1", port, ae_title="HOUNSFIELD")
    assert association.is_established
    return association


def test_pynetdicom_gets_its_echo(port):
    association = associate_by_pynetdicom(port, (VERIFICATION, [IMPLICIT]))
    assert association.send_c_echo().Status == 0x0000
    association.release()
    assert association.is_released


# STO-01, STO-02
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_what_pynetdicom_sends_is_stored_to_the_byte(archive, port, syntax):
    association = associate_by_pynetdicom(port, (CT, [syntax]))
    sent = [instance(number, pixels=300_000) for number in (1, 2)]
    for ds in sent:
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        assert association.send_c_store(ds).Status == 0x0000
    association.release()
    expected = {hashlib.sha256(dataset_bytes(ds, syntax)).digest() for ds in sent}
    assert {hashlib.sha256(data).digest() for data in archive.datasets()} == expected


# STO-01
def test_odd_lengths_private_elements_and_unknown_vrs_stay_as_they_are(archive, port):
    ds = instance()
    element = b"\x09\x00\x01\x10UN\0\0\x03\0\0\0odd"
    data = dataset_bytes(ds)
    assert element in data
    strange = data.replace(element, element.replace(b"UN", b"ZZ"))
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID), strange)
        assert peer.response().status == 0
    assert archive.datasets() == [strange]


# STO-07
def test_the_file_meta_says_what_was_sent_by_whom(archive, port):
    ds = instance()
    with RawPeer(port) as peer:
        peer.associate(calling="SCANNER")
        peer.store(ds)
    meta = read_header(archive.files()[0]).file_meta
    text = {tag & 0xFFFF: value.decode("latin-1").strip("\0 ") for tag, value in meta.items()}
    assert text[0x0002] == CT
    assert text[0x0003] == ds.SOPInstanceUID
    assert text[0x0010] == EXPLICIT
    assert text[0x0012] == IMPLEMENTATION_CLASS_UID
    assert text[0x0013] == IMPLEMENTATION_VERSION_NAME
    assert (text[0x0016], text[0x0017], text[0x0018]) == ("SCANNER", "SCANNER", "HOUNSFIELD")


# STO-04
def test_the_same_instance_again_is_a_success_and_changes_nothing(archive, port):
    ds = instance()
    with RawPeer(port) as peer:
        peer.associate()
        assert [peer.store(ds).status for _ in range(3)] == [0, 0, 0]
    assert len(archive.files()) == 1


# STO-04
def test_other_content_under_the_same_uid_is_refused_where_the_first_is_kept(make_archive, serve):
    archive = make_archive(duplicates="keep-first")
    _server, port = serve(archive)
    with RawPeer(port) as peer:
        peer.associate()
        assert peer.store(instance()).status == 0x0000
        assert peer.store(instance(InstanceNumber=99)).status == 0x0111
    assert len(archive.files()) == 1


# STO-03
@pytest.mark.parametrize("wrong", ["class", "instance"])
def test_a_command_that_names_another_instance_is_refused(archive, port, wrong):
    ds = instance()
    with RawPeer(port) as peer:
        peer.associate((CT, (EXPLICIT,)), ("1.2.840.10008.5.1.4.1.1.4", (EXPLICIT,)))
        request = (
            peer.store_request("1.2.840.10008.5.1.4.1.1.4", ds.SOPInstanceUID)
            if wrong == "class"
            else peer.store_request(ds.SOPClassUID, "1.2.3.4")
        )
        peer.send(request, dataset_bytes(ds))
        response = peer.response()
        assert response.status == 0xA900
        assert 0 < len(response.error_comment) <= 64
        assert peer.store(ds).status == 0
    assert len(archive.files()) == 1
    assert archive.spooled() == []


# STO-02, NET-10
@pytest.mark.parametrize(
    "data", [b"no data set at all, but some bytes", b"", b"\x08\0\x18\0UI\xff"]
)
def test_a_data_set_that_cannot_be_read_is_refused_and_the_association_goes_on(archive, port, data):
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(CT, "1.2.3"), data)
        response = peer.response()
        assert response.status & 0xF000 == 0xC000
        assert 0 < len(response.error_comment) <= 64
        assert peer.store(instance()).status == 0
    assert len(archive.files()) == 1
    assert archive.spooled() == []


# STO-02, STO-06
def test_an_object_over_the_limit_is_read_to_its_end_and_refused(make_archive, serve):
    archive = make_archive(max_object_bytes=100_000)
    _server, port = serve(archive)
    with RawPeer(port) as peer:
        peer.associate()
        response = peer.store(instance(pixels=1_000_000))
        assert response.status == 0xA700
        assert response.error_comment
        assert peer.store(instance(2)).status == 0
    assert len(archive.files()) == 1
    assert archive.spooled() == []


# NET-11
def test_a_refused_data_set_without_end_is_cut_off(make_archive, serve):
    archive = make_archive(max_object_bytes=100_000)
    _server, port = serve(archive, max_skipped_bytes=200_000)
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(CT, "1.2.3"))
        peer.sock.settimeout(0.01)
        heard = []
        for _ in range(1000):
            peer.write(p_data(pdv(1, 0, bytes(4096))))
            with contextlib.suppress(TimeoutError):
                heard.append(peer.hear())
                break
        assert aborts(heard) == [(0, 0)]
    assert archive.spooled() == []


# NET-10
@pytest.mark.parametrize(
    "field", [CommandField.N_GET_RQ, CommandField.N_ACTION_RQ, CommandField.N_CREATE_RQ]
)
def test_a_service_we_do_not_offer_is_an_unrecognized_operation(port, field):
    with RawPeer(port) as peer:
        peer.associate()
        request = Command.of(
            field,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: CT,
                CommandTag.REQUESTED_SOP_CLASS_UID: CT,
                CommandTag.REQUESTED_SOP_INSTANCE_UID: "1.2.3",
                CommandTag.ACTION_TYPE_ID: 1,
                CommandTag.MESSAGE_ID: 5,
            },
            dataset=True,
        )
        peer.send(request, b"identifier")
        response = peer.response()
        assert (response.status, response.message_id_being_responded_to) == (0x0211, 5)
        assert response.command_field == field | 0x8000
        assert peer.echo() == 0


def test_a_cancel_that_comes_too_late_is_passed_over(port):
    with RawPeer(port) as peer:
        peer.associate()
        cancel = Command.of(CommandField.C_CANCEL_RQ, {CommandTag.MESSAGE_ID_BEING_RESPONDED_TO: 1})
        peer.send(cancel)
        assert peer.echo() == 0


# STO-02
def test_a_store_on_a_context_that_is_not_for_storage_is_refused(archive, port):
    ds = instance()
    with RawPeer(port) as peer:
        peer.associate()
        assert peer.store(ds, context_id=3).status == 0x0122
        assert peer.store(ds).status == 0
    assert len(archive.files()) == 1


def test_a_store_without_a_data_set_is_refused(port):
    with RawPeer(port) as peer:
        peer.associate()
        request = Command.of(
            CommandField.C_STORE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: CT,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: "1.2.3",
                CommandTag.MESSAGE_ID: 1,
            },
        )
        peer.send(request)
        assert peer.response().status == 0xC000


def test_a_store_on_behalf_of_a_move_is_stored(archive, port):
    ds = instance()
    with RawPeer(port) as peer:
        peer.associate()
        request = peer.store_request(
            ds.SOPClassUID,
            ds.SOPInstanceUID,
        )
        request = Command.of(
            CommandField.C_STORE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: ds.SOPClassUID,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: ds.SOPInstanceUID,
                CommandTag.MESSAGE_ID: 2,
                CommandTag.MOVE_ORIGINATOR_AE_TITLE: "MOVER",
                CommandTag.MOVE_ORIGINATOR_MESSAGE_ID: 4,
            },
            dataset=True,
        )
        peer.send(request, dataset_bytes(ds))
        assert peer.response().status == 0
    assert len(archive.files()) == 1


# NET-09
@pytest.mark.parametrize("sop_class", ["1.2.840.113619.4.30", "1.2.840.10008.5.1.1.30"])
def test_private_and_retired_classes_are_stored(archive, port, sop_class):
    with RawPeer(port) as peer:
        peer.associate((sop_class, (EXPLICIT,)))
        assert peer.store(instance(sop_class=sop_class)).status == 0
    assert len(archive.files()) == 1


# NET-11
def test_a_command_without_an_instance_is_aborted(port):
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(Command.of(CommandField.C_STORE_RQ, {CommandTag.MESSAGE_ID: 1}), b"")
        assert aborts([peer.hear()]) == [(2, 6)]


def test_the_log_names_no_patient(archive, port, caplog):
    caplog.set_level(logging.INFO, "hounsfield")
    ds = instance(PatientName="SECRET^NAME", PatientID="SECRET-ID")
    with RawPeer(port) as peer:
        peer.associate()
        peer.store(ds)
        peer.send(peer.store_request(CT, "1.2.3.4"), dataset_bytes(ds))
        peer.response()
    assert caplog.records
    assert "SECRET" not in caplog.text


class FailingStorage(FilesystemStorage):
    """A disk that fails in a way nobody foresaw, as often as it is told to."""

    failures = 1

    def put(self, spool, key, received_at_us):
        if self.failures:
            self.failures -= 1
            raise ZeroDivisionError("nobody foresaw this")
        super().put(spool, key, received_at_us)


# NET-10
def test_an_error_nobody_foresaw_ends_one_message_and_not_the_association(
    make_archive, serve, caplog
):
    archive = make_archive(kind=FailingStorage)
    _server, port = serve(archive)
    with RawPeer(port) as peer:
        peer.associate()
        response = peer.store(instance())
        assert (response.status, response.error_comment) == (0x0110, "an error here; see our log")
        assert peer.store(instance()).status == 0
    assert "nobody foresaw this" in caplog.text
    assert len(archive.files()) == 1
    assert archive.spooled() == []


# STO-02
def test_what_was_acknowledged_is_in_the_index(archive, port):
    with RawPeer(port) as peer:
        peer.associate(calling="SCANNER")
        for number in (1, 2, 3):
            assert peer.store(instance(number)).status == 0
    found = archive.store.index.locate("1.2.826.0.1.3680043.8.498.9.1")
    assert len(found) == 3
    assert {location.transfer_syntax_uid for location in found} == {EXPLICIT}


# STO-04, STO-05
def test_other_content_under_the_same_uid_is_kept_as_a_version(archive, port):
    with RawPeer(port) as peer:
        peer.associate()
        assert peer.store(instance()).status == 0x0000
        assert peer.store(instance(ContentDate="20240131")).status == 0x0000
        assert peer.store(instance(SeriesInstanceUID="1.2.3.4.5")).status == 0x0000
    assert len(archive.files()) == 3
