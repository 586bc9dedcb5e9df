"""Systems that are set up wrongly and call us: each is told apart, with what to change and on which side."""

import contextlib
import http.client
import socket
import ssl
import subprocess

import pytest
from pydicom.data import get_testdata_file
from tests.dcmtk import program
from tests.dimse.getting import STUDY_GET, STUDY_MOVE, Retriever
from tests.dimse.peer import CT, EXPLICIT, RawPeer, dataset_bytes, eventually, instance

from hounsfield.dimse.command import CommandField
from hounsfield.index.site.records import Peer

CT2 = Peer("CT2", "127.0.0.1", 104, name="ct2")
FILE = get_testdata_file("CT_small.dcm")


def dcmtk(name, port, *arguments, calling="CT2", called="HOUNSFIELD"):
    """Run one of DCMTK's programs against us and give its exit code."""
    path = program(name)
    if path is None:
        pytest.skip("DCMTK is not installed")
    command = [
        path,
        "-aet",
        calling,
        "-aec",
        called,
        *map(str, arguments[:0]),
        "127.0.0.1",
        str(port),
    ]
    run = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30
    )
    return run.returncode


def told(site, code):
    """The one record there is; it must be this finding."""
    record = site.the_record()
    assert record.finding == code, record
    assert not record.is_ok
    return record


# NET-02
def test_1_a_wrong_called_ae_title(open_site):
    site = open_site(CT2)
    assert dcmtk("echoscu", site.port, called="HOUNSFIELD_OLD") != 0
    record = told(site, "called-ae-title")
    assert record.reason == (
        "CT2 calls with the called AE title HOUNSFIELD_OLD; this server is HOUNSFIELD."
    )
    assert record.advice == (
        "Set the called AE title on CT2 to HOUNSFIELD, or add HOUNSFIELD_OLD to dimse.called_ae_titles here."
    )
    assert record.outcome == "rejected"


# NET-12
def test_2_our_ae_title_in_small_letters(open_site):
    site = open_site(CT2)
    assert dcmtk("echoscu", site.port, called="hounsfield") != 0
    record = told(site, "called-ae-title-case")
    assert "capital and small letters differ" in record.reason
    assert "Set the called AE title on CT2 to HOUNSFIELD" in record.advice


# NET-02
def test_3_an_unknown_caller(open_site):
    site = open_site()
    assert dcmtk("storescu", site.port, FILE, calling="MR7") != 0
    record = told(site, "unknown-caller")
    assert record.reason == (
        "No peer with the AE title MR7 is known here; it called from 127.0.0.1."
    )
    assert "`hounsfield peer trust MR7`" in record.advice
    eventually(lambda: [one.ae_title for one in site.associations.callers()] == ["MR7"])


# NET-02
def test_4_a_known_ae_title_from_another_address(open_site):
    site = open_site(Peer("CT2", "10.0.0.7", 104, name="ct2"))
    assert dcmtk("echoscu", site.port) != 0
    record = told(site, "other-address")
    assert "not at 127.0.0.1: it is to call from 10.0.0.7" in record.reason
    assert "set the host of the peer here" in record.advice


# NET-12
def test_5_a_calling_ae_title_in_small_letters(open_site):
    site = open_site(CT2)
    assert dcmtk("echoscu", site.port, calling="ct2") != 0
    record = told(site, "unknown-caller-case")
    assert "the peer known here is CT2" in record.reason
    assert "Set the AE title of the caller to CT2" in record.advice


# NET-12
@pytest.mark.parametrize("calling", ["CT2\x01", "\x00CT2", "CT\\2", ""])
def test_6_an_ae_title_with_bytes_that_none_has(open_site, calling):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.ask(calling=calling)
    record = told(site, "calling-ae-title-invalid")
    assert "which is no AE title" in record.reason
    assert "Type the AE title of the caller anew" in record.advice
    assert record.calling_ae_title.isprintable()


# NET-12
def test_7_an_ae_title_with_something_behind_it(open_site):
    site = open_site(Peer("RADIOLOGY_CT2", "127.0.0.1", name="ct2"))
    assert dcmtk("echoscu", site.port, calling="RADIOLOGY_CT2_X") != 0
    record = told(site, "unknown-caller-similar")
    assert "but one with RADIOLOGY_CT2" in record.reason
    assert "set its own AE title there to RADIOLOGY_CT2" in record.advice


# NET-12
def test_8_an_ae_title_of_over_16_characters_that_was_cut_off(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.ask(calling="CARDIOLOGY_CATHETER_LAB"[:16])
    record = told(site, "unknown-caller-cut")
    assert "perhaps a longer one was cut off" in record.reason
    assert "at most 16 characters" in record.advice


# SEC-01
def test_9_tls_at_our_port_without(site):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", site.port)) as sock,
        pytest.raises(OSError),
        context.wrap_socket(sock),
    ):
        pass
    record = told(site, "tls-to-plain")
    assert "speaks TLS, and this is our port without TLS" in record.reason
    assert "Turn TLS off on the caller" in record.advice
    assert "there is none yet: `hounsfield tls init`" in record.advice


def test_10_a_browser_at_the_port_for_dicom(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("GET", "/")
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection.getresponse()
    connection.close()
    record = told(site, "http-to-dicom")
    assert "speaks HTTP" in record.reason
    assert "HTTP port of this server" in record.advice


def test_11_something_else_at_the_port_for_dicom(site):
    with RawPeer(site.port) as peer:
        peer.write(b"\x0bMSH|^~\\&|RIS\r\x1c\r")
        peer.hear_the_end()
    assert "no DICOM" in told(site, "no-dicom").reason


# NET-02
def test_12_a_peer_that_opens_too_many_associations(open_site):
    site = open_site(CT2, max_associations_by_peer=1)
    with RawPeer(site.port) as first:
        first.associate(calling="CT2")
        assert dcmtk("echoscu", site.port) != 0
        record = site.the_record(outcome="failed")
        assert record.finding == "limit-by-peer"
        assert "CT2 has 1 associations open" in record.reason
        assert "dimse.max_associations_by_peer" in record.advice


# NET-02
def test_13_a_server_whose_associations_are_all_taken(open_site):
    site = open_site(CT2, Peer("CT3", "127.0.0.1", name="ct3"), max_associations=1)
    with RawPeer(site.port) as first:
        first.associate(calling="CT3")
        assert dcmtk("echoscu", site.port) != 0
        record = site.the_record(outcome="failed")
        assert record.finding == "limit"
        assert "raise dimse.max_associations" in record.advice


def test_14_a_peer_that_may_not_store(open_site):
    site = open_site(Peer("CT2", "127.0.0.1", name="ct2", may=frozenset({"search"})))
    assert dcmtk("storescu", site.port, FILE) != 0
    record = told(site, "not-permitted")
    assert record.reason == "ct2 may not store images here, and tried to."
    assert "hounsfield peer set ct2 --may" in record.advice
    assert {context.result for context in record.contexts} == {1}  # PS3.8 9.3.3.2: user-rejection


# QR-08
def test_15_a_c_move_to_a_destination_that_is_not_known(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        assert peer.store(instance()).status == 0
    keys = ("-S", "-aem", "NOWHERE", "-k", "QueryRetrieveLevel=STUDY")
    uid = f"StudyInstanceUID={instance().StudyInstanceUID}"
    assert dcmtk("movescu", site.port, *keys, "-k", uid) != 0
    record = next(one for one in site.records(2) if "C-MOVE" in str(one.messages))
    assert record.finding == "move-destination"
    assert "asked us to send images to NOWHERE" in record.reason
    assert "Add a peer with the AE title NOWHERE" in record.advice


# STO-03
def test_16_data_sets_whose_uids_are_not_those_announced(open_site):
    site = open_site(Peer("RAW", "127.0.0.1", name="ct2"))
    with RawPeer(site.port) as peer:
        peer.associate()
        peer.send(peer.store_request(CT, "1.2.3.4.5"), dataset_bytes(instance()))
        assert peer.response().status >> 8 == 0xA9
    record = told(site, "mismatch")
    assert "A900" in record.reason
    assert "mixed instances up" in record.advice


# STO-06
def test_17_there_is_no_space_here_for_what_comes(open_site):
    site = open_site(CT2, storage={"max_object_bytes": 100_000})
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        assert peer.store(instance(pixels=1_000_000)).status == 0xA700
    record = told(site, "no-space")
    assert "no space left here" in record.reason
    assert "free space of the data folder" in record.advice


# NET-03
def test_18_a_maximum_pdu_length_that_nothing_fits(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.ask(calling="CT2", maximum_length=7)
    record = told(site, "maximum-length")
    assert "no PDU longer than 7 bytes" in record.reason
    assert "16384 or more" in record.advice


def test_19_a_caller_that_wants_nothing_we_have(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.ask(("1.2.840.10008.5.1.1.9", (EXPLICIT,)), calling="CT2")  # print management
        peer.write(b"\x05\0\0\0\0\4\0\0\0\0")
        peer.hear()
    record = told(site, "no-context")
    assert "Basic Grayscale Print Management" in record.reason
    assert "it offers verification, storage" in record.advice


def test_20_a_peer_that_is_gone_in_the_middle(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        peer.send(peer.store_request())
    record = told(site, "connection-lost")
    assert "The connection with ct2 was lost" in record.reason
    assert record.outcome == "connection lost"


def test_21_a_peer_that_breaks_off(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        peer.write(b"\x07\0\0\0\0\4\0\0\0\0")
        peer.hear_the_end()
    record = told(site, "caller-aborted")
    assert "Look at the log of ct2" in record.advice


# NET-04
def test_22_a_peer_that_falls_silent_inside_a_message(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        peer.send(peer.store_request())
        peer.hear_the_end()
    record = told(site, "too-slow")
    assert "kept us waiting for too long" in record.reason


# NET-11
def test_23_a_peer_that_does_not_keep_to_the_protocol(open_site):
    site = open_site(CT2)
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        peer.write(b"\x09\0\0\0\0\0")
        peer.hear_the_end()
    assert "did not keep to the protocol" in told(site, "protocol-error").reason


def getting(port, *storage, answer=0, **keys):
    """Ask by C-GET for what `instance` makes; the status of the end."""
    with Retriever(port) as peer:
        peer.open(STUDY_GET, *storage, calling="CT2")
        peer.retrieve(CommandField.C_GET_RQ, keys.pop("level", "STUDY"), **keys)
        _came, responses, _failed = peer.take_all(lambda _uid: answer)
        return responses[-1].status


def filled(site):
    with RawPeer(site.port) as peer:
        peer.associate(calling="CT2")
        assert peer.store(instance()).status == 0


# QR-09
def test_24_a_c_get_that_offers_no_way_to_send(open_site):
    site = open_site(CT2)
    filled(site)
    assert getting(site.port, StudyInstanceUID=instance().StudyInstanceUID) == 0xA702
    record = next(one for one in site.records(2) if "C-GET" in str(one.messages))
    assert record.finding == "get-no-context"
    assert "did not offer to take CT Image in Explicit VR Little Endian" in record.reason
    assert "with the role of SCP selected" in record.advice


# QR-09
def test_25_a_caller_that_has_no_space_for_what_it_gets(open_site):
    site = open_site(CT2)
    filled(site)
    uid = instance().StudyInstanceUID
    assert getting(site.port, (CT, EXPLICIT), answer=0xA700, StudyInstanceUID=uid) == 0xA702
    record = next(one for one in site.records(2) if "C-GET" in str(one.messages))
    assert record.finding == "their-no-space"
    assert "Make room on ct2" in record.advice


# QR-01
def test_26_a_query_without_the_key_of_the_level_above(open_site):
    site = open_site(CT2)
    assert getting(site.port, level="SERIES", SeriesInstanceUID="1.2.3") == 0xA900
    record = told(site, "invalid-query")
    assert "at SERIES level (0020,000D) must have one value" in record.reason
    assert "Correct it on ct2" in record.advice


# QR-08
def test_27_a_c_move_to_a_destination_that_is_off(open_site):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    site = open_site(CT2, Peer("OFF", "127.0.0.1", free, name="off"))
    filled(site)
    with Retriever(site.port) as peer:
        peer.open(STUDY_MOVE, calling="CT2")
        uid = instance().StudyInstanceUID
        peer.retrieve(CommandField.C_MOVE_RQ, "STUDY", "OFF", StudyInstanceUID=uid)
        assert peer.take_all()[1][-1].status == 0xA702
    record = next(one for one in site.records(3) if "C-MOVE" in str(one.messages))
    assert record.finding == "move-failed"
    assert "Connection refused" in record.reason
    assert "Look for the connection to OFF" in record.advice
