"""Fragments, PDUs and endings of associations, with a peer that knows no manners."""

import struct

import pytest
from tests.dimse.conftest import QUICK
from tests.dimse.peer import (
    CT,
    EXPLICIT,
    VERIFICATION,
    RawPeer,
    aborts,
    dataset_bytes,
    eventually,
    instance,
    p_data,
    pdv,
)

from hounsfield.dimse.upper_layer.items import AbortReason
from hounsfield.dimse.upper_layer.pdus import (
    Abort,
    AssociateAc,
    AssociateRq,
    PDataTf,
    ReleaseRp,
    ReleaseRq,
    encode,
)

PROVIDER = 2


# NET-03
@pytest.mark.parametrize("size", [2, 64, 4096, 100_000, 3_000_000])
def test_fragments_of_any_size_make_the_same_data_set(archive, port, size):
    ds = instance(pixels=1000 if size == 2 else 2_000_000)
    with RawPeer(port) as peer:
        peer.associate()
        assert peer.store(ds, size=size).status == 0
    assert archive.datasets() == [dataset_bytes(ds)]


# NET-03
def test_many_pdvs_in_one_pdu_make_the_same_message(archive, port):
    ds = instance(pixels=5000)
    with RawPeer(port) as peer:
        peer.associate()
        command = peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID)
        peer.say(
            PDataTf(
                tuple(
                    peer.values(1, command.encode(), is_command=True, size=10)
                    + peer.values(1, dataset_bytes(ds), is_command=False, size=100)
                )
            )
        )
        assert peer.response().status == 0
    assert archive.datasets() == [dataset_bytes(ds)]


# NET-03
def test_bytes_that_arrive_one_by_one_make_the_same_message(archive, port):
    ds = instance(pixels=64)
    with RawPeer(port) as peer:
        peer.associate()
        command = peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID)
        pdus = (
            PDataTf(tuple(peer.values(1, command.encode(), is_command=True))),
            PDataTf(tuple(peer.values(1, dataset_bytes(ds), is_command=False, size=100))),
        )
        for byte in b"".join(map(encode, pdus)):
            peer.write(bytes((byte,)))
        assert peer.response().status == 0
    assert archive.datasets() == [dataset_bytes(ds)]


# NET-03
def test_an_empty_last_pdv_ends_a_data_set(archive, port):
    ds = instance()
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID))
        peer.write(p_data(pdv(1, 0, dataset_bytes(ds))) + p_data(pdv(1, 2, b"")))
        assert peer.response().status == 0
    assert len(archive.files()) == 1


# NET-03
@pytest.mark.parametrize("maximum_length", [8, 9, 20, 4096, 0])
def test_what_we_send_keeps_to_the_peer_s_maximum_length(port, maximum_length):
    with RawPeer(port) as peer:
        peer.associate(maximum_length=maximum_length)
        peer.send(peer.echo_request(), context_id=3)
        data = b""
        while True:
            pdu = peer.hear()
            assert maximum_length == 0 or len(encode(pdu)) - 6 <= maximum_length
            data += b"".join(value.fragment for value in pdu.values)
            if pdu.values[-1].is_last:
                break
        assert struct.unpack_from("<I", data, 8)[0] == len(data) - 12


# NET-11, NET-04
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (p_data(b"", length=0xFFFF_FFFF), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(b""), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 3, b"x", length=0xFFFF_FFFF)), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 3, b"x", length=500)), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 3, b"", length=1)), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(7, 3, b"xx")), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 1, b"xx") + b"123"), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 3, b"no command set")), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 3, b"")), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 1, bytes(70_000))), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 1, b"") * 2000), AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (p_data(pdv(1, 2, b"data")), AbortReason.UNEXPECTED_PDU_PARAMETER),
        (p_data(pdv(1, 1, b"xx") + pdv(3, 3, b"xx")), AbortReason.UNEXPECTED_PDU_PARAMETER),
        (b"\x08\0\0\0\0\0", AbortReason.UNRECOGNIZED_PDU),
        (b"GET / HTTP/1.1\r\n\r\n", AbortReason.UNRECOGNIZED_PDU),
        (b"\x07\0\xff\xff\xff\xff", AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (b"\x07\0\0\0\0\2\0\0", AbortReason.INVALID_PDU_PARAMETER_VALUE),
        (encode(AssociateRq("A", "B", ())), AbortReason.UNEXPECTED_PDU),
        (encode(AssociateAc("A", "B", ())), AbortReason.UNEXPECTED_PDU),
        (encode(ReleaseRp()), AbortReason.UNEXPECTED_PDU),
    ],
)
def test_what_breaks_the_protocol_is_aborted_by_the_provider(port, data, reason):
    with RawPeer(port) as peer:
        peer.associate()
        peer.write(data)
        assert aborts([peer.hear()]) == [(PROVIDER, reason)]


# NET-04
@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\0\xff\xff\xff\xff" + bytes(100),
        b"\x01\0\0\0\0\4abcd",
        b"\x04\0\xff\xff\xff\xff",
        encode(ReleaseRq()),
        encode(PDataTf(())),
    ],
)
def test_what_is_no_request_is_aborted_before_an_association(port, data):
    with RawPeer(port) as peer:
        peer.write(data)
        # PS3.8 table 9-10, Sta2: AA-1, which is an abort by the service user
        assert aborts([peer.hear()]) == [(0, 0)]


# NET-04
def test_a_command_inside_a_data_set_is_aborted_and_leaves_nothing(archive, port):
    ds = instance(pixels=20_000)
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID))
        peer.write(p_data(pdv(1, 0, dataset_bytes(ds)[:9000])))
        peer.send(peer.echo_request(), context_id=3)
        assert aborts([peer.hear()]) == [(PROVIDER, AbortReason.UNEXPECTED_PDU_PARAMETER)]
        peer.sock.close()
    eventually(lambda: archive.spooled() == [])
    assert archive.files() == []


# NET-04, STO-02
@pytest.mark.parametrize("last_word", [encode(Abort()), encode(ReleaseRq()), b""])
def test_a_data_set_that_is_broken_off_leaves_nothing(archive, serve, last_word):
    server, port = serve(archive)
    ds = instance(pixels=600_000)
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID))
        peer.write(p_data(pdv(1, 0, dataset_bytes(ds)[:500_000])))
        eventually(lambda: len(archive.spooled()) == 1)
        peer.write(last_word)
    eventually(lambda: server.counts["open"] == 0)
    assert archive.spooled() == []
    assert archive.files() == []


# NET-04
def test_a_release_is_answered_and_the_peer_closes(port):
    with RawPeer(port) as peer:
        peer.associate()
        peer.say(ReleaseRq())
        assert peer.hear() == ReleaseRp()


# NET-04
def test_after_a_release_a_peer_that_does_not_close_is_closed(archive, serve):
    server, port = serve(archive, times=QUICK)
    with RawPeer(port) as peer:
        peer.associate()
        peer.say(ReleaseRq())
        assert peer.hear_the_end() == [ReleaseRp()]
    eventually(lambda: server.counts.get("released") == 1)


# NET-04
@pytest.mark.parametrize("begun", [b"", b"\x01", b"\x01\0\0\0\1\0" + bytes(90)])
def test_a_peer_that_does_not_ask_in_time_is_closed(archive, serve, begun):
    server, port = serve(archive, times=QUICK)
    with RawPeer(port) as peer:
        peer.write(begun)
        assert peer.hear_the_end() == []
    eventually(lambda: server.counts.get("timed out") == 1)


# NET-04
@pytest.mark.parametrize("begun", [b"\x04", p_data(pdv(1, 1, b"xx"), length=5000)])
def test_a_peer_silent_inside_a_message_is_aborted(archive, serve, begun):
    _server, port = serve(archive, times=QUICK)
    with RawPeer(port) as peer:
        peer.associate()
        peer.write(begun)
        assert aborts(peer.hear_the_end()) == [(0, 0)]


# NET-04
def test_a_peer_that_sends_a_byte_now_and_then_is_aborted_too(archive, serve):
    _server, port = serve(archive, times=QUICK)
    with RawPeer(port) as peer:
        peer.associate()
        peer.write(p_data(pdv(1, 1, b"", length=4000), length=5000))
        peer.sock.settimeout(0.05)
        for _ in range(200):
            try:
                peer.write(b"\0")
                abort = peer.hear()
                break
            except TimeoutError:
                continue
        assert aborts([abort]) == [(0, 0)]


# NET-04
def test_a_peer_idle_between_messages_is_aborted_when_its_time_is_over(archive, serve):
    times = type(QUICK)(artim_s=0.3, pdu_s=0.3, idle_s=0.6)
    _server, port = serve(archive, times=times)
    with RawPeer(port) as peer:
        peer.associate()
        assert peer.echo() == 0
        assert aborts(peer.hear_the_end()) == [(0, 0)]


# NET-04
def test_an_abort_ends_the_association_without_an_answer(archive, serve):
    server, port = serve(archive)
    with RawPeer(port) as peer:
        peer.associate()
        peer.say(Abort())
        assert peer.hear_the_end() == []
    eventually(lambda: server.counts.get("aborted by the peer") == 1)


def test_messages_sent_ahead_are_answered_in_order(archive, port):
    with RawPeer(port) as peer:
        peer.associate((CT, (EXPLICIT,)), (VERIFICATION, (EXPLICIT,)))
        for number in range(1, 6):
            ds = instance(number)
            request = peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID)
            peer.send(request, dataset_bytes(ds))
            peer.send(peer.echo_request(), context_id=3)
        numbers = [peer.response().message_id_being_responded_to for _ in range(10)]
    assert numbers == list(range(1, 11))
    assert len(archive.files()) == 5
