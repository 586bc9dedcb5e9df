"""Our SCU against pynetdicom's SCP, against our own server, and against peers that misbehave."""

import contextlib
import io
import socket
import threading
import warnings

import pytest
from tests.dimse.peer import CT, EXPLICIT, IMPLICIT, VERIFICATION, dataset_bytes, instance

from hounsfield.dicom.part10 import file_meta
from hounsfield.dimse.config import Peer
from hounsfield.dimse.scu.requestor import ScuAssociation, Target, echo, echo_over
from hounsfield.dimse.scu.store_scu import read_outgoing, send, store
from hounsfield.dimse.transport import TimeLimits
from hounsfield.dimse.upper_layer.pdus import (
    PDU_HEADER,
    AnsweredContext,
    AssociateAc,
    ReleaseRq,
    encode,
)
from hounsfield.errors import InvalidInstance, NotAcceptable, Refused, Unavailable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE, evt

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
QUICK = TimeLimits(artim_s=1.0, pdu_s=1.0, idle_s=1.0)


def write_file(folder, ds, syntax=EXPLICIT):
    path = folder / f"{ds.SOPInstanceUID}.{syntax}"
    meta = file_meta(
        sop_class_uid=ds.SOPClassUID,
        sop_instance_uid=ds.SOPInstanceUID,
        transfer_syntax_uid=syntax,
        source_ae_title="",
        sending_ae_title="",
        receiving_ae_title="",
    )
    path.write_bytes(meta + dataset_bytes(ds, syntax))
    return path


def target(port, **more):
    return Target(**{"host": "127.0.0.1", "port": port, "called_ae_title": "HOUNSFIELD", **more})


@contextlib.contextmanager
def pynetdicom_scp(on_store, *, syntaxes=(EXPLICIT,), **settings):
    ae = AE("HOUNSFIELD")
    for name, value in settings.items():
        setattr(ae, name, value)
    ae.add_supported_context(CT, list(syntaxes))
    ae.add_supported_context(VERIFICATION, [IMPLICIT])
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)]
    )
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def test_pynetdicom_answers_our_echo():
    with pynetdicom_scp(lambda _event: 0) as port:
        assert echo(target(port)) == 0


# STO-01, NET-03
@pytest.mark.parametrize("maximum_pdu_size", [0, 256, 4096, 1 << 20])
def test_pynetdicom_receives_our_files_to_the_byte(tmp_path, maximum_pdu_size):
    received = []

    def on_store(event):
        received.append(event.request.DataSet.getvalue())
        return 0x0000

    sent = [instance(number, pixels=70_000) for number in (1, 2)]
    files = [read_outgoing(write_file(tmp_path, ds)) for ds in sent]
    progress = []
    with pynetdicom_scp(on_store, maximum_pdu_size=maximum_pdu_size) as port:
        results = list(send(target(port), files, on_sent=progress.append))
    assert [result.status for result in results] == [0, 0]
    assert received == [dataset_bytes(ds) for ds in sent]
    assert sum(progress) == sum(map(len, received))


# NET-10
def test_a_refusal_is_reported_with_its_reason(tmp_path):
    from pydicom.dataset import Dataset

    def on_store(event):
        status = Dataset()
        status.Status, status.ErrorComment = 0xA700, "disk full"
        return status

    outgoing = read_outgoing(write_file(tmp_path, instance()))
    with pynetdicom_scp(on_store) as port:
        (result,) = send(target(port), [outgoing])
    assert (result.status, result.is_stored) == (0xA700, False)
    assert result.text == "A700 out of resources: disk full"


def test_a_warning_counts_as_stored(tmp_path):
    outgoing = read_outgoing(write_file(tmp_path, instance()))
    with pynetdicom_scp(lambda _event: 0xB007) as port:
        (result,) = send(target(port), [outgoing])
    assert (result.status, result.is_stored) == (0xB007, True)


# QR-10
def test_what_the_peer_does_not_take_as_it_is_stored_is_not_sent(tmp_path):
    files = [
        read_outgoing(write_file(tmp_path, instance(1), IMPLICIT)),
        read_outgoing(write_file(tmp_path, instance(2), EXPLICIT)),
    ]
    with pynetdicom_scp(lambda _event: 0) as port:
        results = list(send(target(port), files))
    assert [result.status for result in results] == [None, 0]
    assert not results[0].is_stored
    assert "CT Image in Implicit VR Little Endian" in results[0].text


# NET-01
def test_more_contexts_than_an_association_has_take_several(tmp_path, archive, serve):
    server, port = serve(archive)
    files = [
        read_outgoing(
            write_file(tmp_path, instance(number, sop_class=f"1.3.999.{number}"), EXPLICIT)
        )
        for number in range(1, 131)
    ]
    results = list(send(target(port), files))
    assert all(result.is_stored for result in results)
    assert len(results) == len(archive.files()) == 130
    assert server.counts["connections"] == 2


def test_a_stream_is_sent_as_a_file_is(tmp_path, archive, port):
    ds = instance()
    outgoing = read_outgoing(write_file(tmp_path, ds))
    with ScuAssociation(target(port), [(CT, (EXPLICIT,))]) as association:
        result = store(association, outgoing, stream=io.BytesIO(dataset_bytes(ds)))
    assert result.is_stored
    assert archive.datasets() == [dataset_bytes(ds)]


# NET-02
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"called_ae_title": "OTHER"}, "called AE title not recognised"),
        ({"calling_ae_title": "STRANGER"}, "calling AE title not recognised"),
        ({"calling_ae_title": "A\\B"}, "no AE title"),
        ({"called_ae_title": 17 * "X"}, "no AE title"),
    ],
)
def test_a_rejection_is_told_in_words(archive, serve, change, words):
    _server, port = serve(archive, unknown_peers="refuse", peers=(Peer("HOUNSFIELD"),))
    assert echo(target(port)) == 0
    with pytest.raises(Refused, match=words):
        echo(target(port, **change))


# NET-02
def test_a_full_server_is_told_in_words(archive, serve):
    _server, port = serve(archive, max_associations=1)
    with (
        ScuAssociation(target(port), [(VERIFICATION, (IMPLICIT,))]),
        pytest.raises(Refused, match="local limit exceeded"),
    ):
        echo(target(port))


def test_nobody_there_is_told_in_words():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match=r"no connection to 127\.0\.0\.1"):
        echo(target(port))


def test_a_peer_without_verification_is_told_in_words(port):
    with (
        ScuAssociation(target(port), [(CT, (EXPLICIT,))]) as association,
        pytest.raises(NotAcceptable, match="Verification"),
    ):
        echo_over(association)


@contextlib.contextmanager
def scripted_peer(script):
    """Listen once, and do what `script` does with the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run():
            connection, _address = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(20)
                script(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)
        assert not thread.is_alive()


def hear(connection):
    header = connection.recv(6, socket.MSG_WAITALL)
    if header:
        connection.recv(PDU_HEADER.unpack(header)[1], socket.MSG_WAITALL)
    return header[:1]


def accept(connection):
    hear(connection)
    answer = AssociateAc("HOUNSFIELD", "HOUNSFIELD", (AnsweredContext(1, 0, IMPLICIT),))
    connection.sendall(encode(answer))


# NET-04
def test_a_peer_that_does_not_answer_is_given_up():
    def script(connection):
        while connection.recv(1000):
            pass

    with scripted_peer(script) as port, pytest.raises(Unavailable, match="timed out"):
        echo(target(port, times=QUICK))


# NET-04
def test_a_peer_that_does_not_answer_a_message_is_given_up():
    def script(connection):
        accept(connection)
        while connection.recv(1000):
            pass

    with scripted_peer(script) as port, pytest.raises(Unavailable, match="timed out"):
        echo(target(port, times=QUICK))


# NET-04
def test_a_peer_that_hangs_up_is_told_in_words():
    with scripted_peer(accept) as port, pytest.raises(Unavailable, match="connection lost"):
        echo(target(port, times=QUICK))


# NET-11
def test_a_peer_that_answers_rubbish_is_given_up():
    def script(connection):
        connection.sendall(b"220 smtp.example.org ready\r\n")
        while connection.recv(1000):
            pass

    with scripted_peer(script) as port, pytest.raises(Unavailable, match="aborted"):
        echo(target(port, times=QUICK))


# NET-04
def test_a_release_collision_is_settled():
    heard = []

    def script(connection):
        accept(connection)
        heard.append(hear(connection))  # their A-RELEASE-RQ crosses ours
        connection.sendall(encode(ReleaseRq()))
        heard.append(hear(connection))
        connection.sendall(b"\x06\0\0\0\0\4\0\0\0\0")
        heard.append(hear(connection))

    with scripted_peer(script) as port:
        association = ScuAssociation(target(port, times=QUICK), [(VERIFICATION, (IMPLICIT,))])
        association.release()
    assert heard == [b"\x05", b"\x06", b""]


# NET-04
def test_an_error_on_our_side_aborts():
    heard = []

    def script(connection):
        accept(connection)
        heard.append(hear(connection))

    with (
        scripted_peer(script) as port,
        pytest.raises(ZeroDivisionError),
        ScuAssociation(target(port, times=QUICK), [(VERIFICATION, (IMPLICIT,))]),
    ):
        1 / 0  # noqa: B018
    assert heard == [b"\x07"]


@pytest.mark.parametrize("content", [b"", b"no DICOM at all, but some text"])
def test_what_is_no_instance_cannot_be_sent(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidInstance):
        read_outgoing(path)
