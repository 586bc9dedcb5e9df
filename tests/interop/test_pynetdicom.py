"""pynetdicom as the peer, both ways: another implementation than DCMTK's, from other people."""

import socket
import subprocess
import threading

import pytest
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import CTImageStorage, MRImageStorage, Verification
from tests.corpus import dataset, rounds
from tests.interop import dimse_client
from tests.live import hounsfield


@pytest.fixture
def few(corpus_files):
    files = [f for f in rounds(corpus_files)[0] if f.expect == "accept"]
    return [f for f in files if f.sop_class_uid == MRImageStorage][:12]


@pytest.fixture
def receiver():
    """A pynetdicom SCP that keeps the data sets it gets, as bytes."""
    got = {}

    def on_store(event):
        got[event.request.AffectedSOPInstanceUID] = event.request.DataSet.getvalue()
        return 0x0000

    ae = AE(ae_title="RECEIVER")
    ae.add_supported_context(Verification)
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        ae.add_supported_context(MRImageStorage, syntax)
    scp = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)])
    yield scp.socket.getsockname()[1], got
    scp.shutdown()


def rejection(association):
    answer = association.acceptor.primitive
    return answer.result, answer.result_source, answer.diagnostic


def test_a_c_echo_is_answered_with_success(server):
    # NET-01
    assert dimse_client.echo(server)


def test_a_caller_nobody_named_is_rejected_for_good_with_that_reason(start):
    # NET-02: rejected-permanent, service-user, calling-AE-title-not-recognized
    association = dimse_client.associate(start(peers="refuse"), [(Verification, None)])
    assert association.is_rejected
    assert rejection(association) == (1, 1, 3)


def test_a_call_for_somebody_else_is_rejected_for_good_with_that_reason(server):
    # NET-02: rejected-permanent, service-user, called-AE-title-not-recognized
    association = dimse_client.associate(server, [(Verification, None)], called="NOTUS")
    assert association.is_rejected
    assert rejection(association) == (1, 1, 7)


def test_a_peer_named_in_the_settings_may_call(start, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "hounsfield.toml").write_text(
        '[dimse.peers.scanner]\nae_title = "SCANNER"\nhost = "127.0.0.1"\nport = 11113\n'
    )
    server = start(data=data, peers="refuse")
    known = dimse_client.associate(server, [(Verification, None)], calling="SCANNER")
    assert known.is_established
    known.release()
    assert dimse_client.associate(server, [(Verification, None)], calling="OTHER").is_rejected


def test_every_context_proposed_is_answered_in_its_own_right(server):
    # NET-01
    ae = AE(ae_title="PYNETDICOM")
    ae.requested_contexts = [
        build_context(CTImageStorage, ExplicitVRLittleEndian),
        build_context(CTImageStorage, UID("1.2.3.4.5")),  # no transfer syntax of anybody
        build_context(UID("1.2.840.10008.5.1.4.1.2.2.99"), ImplicitVRLittleEndian),
        build_context(Verification),
    ]
    association = ae.associate(server.host, server.port, ae_title=server.ae_title)
    assert association.is_established
    accepted = {(c.abstract_syntax, c.transfer_syntax[0]) for c in association.accepted_contexts}
    results = sorted(c.result for c in association.rejected_contexts)
    association.release()
    assert (CTImageStorage, ExplicitVRLittleEndian) in accepted
    assert len(accepted) == 2
    # PS3.8 9.3.3.2: 3 abstract syntax not supported, 4 transfer syntaxes not supported
    assert results == [3, 4]


def test_a_private_sop_class_is_taken(server):
    # STO-01: "it keeps what it gets"
    association = dimse_client.associate(
        server, [(UID("1.2.826.0.1.3680043.9.3811.9.1"), ExplicitVRLittleEndian)]
    )
    assert association.accepted_contexts
    association.release()


def test_a_sender_that_aborts_inside_a_data_set_leaves_nothing(server, web):
    association = dimse_client.associate(server, [(CTImageStorage, ImplicitVRLittleEndian)])
    context = association.accepted_contexts[0].context_id
    raw = association.dul.socket.socket
    before = len(web.search("/instances", limit="1000"))
    # a P-DATA-TF with one whole command and a first fragment of a data set, then silence and an end
    command = bytes.fromhex("0000000004000000") + (0).to_bytes(4, "little")
    pdv = bytes([context, 3]) + command
    raw.sendall(b"\x04\0" + (len(pdv) + 4).to_bytes(4, "big") + len(pdv).to_bytes(4, "big") + pdv)
    association.abort()
    assert dimse_client.echo(server)
    assert len(web.search("/instances", limit="1000")) == before


def test_many_associations_at_once_are_served(server, few):
    failed = []

    def worker():
        answers = dimse_client.send(server, [f.path for f in few])
        failed.extend(a for a in answers.values() if not a.is_success)

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_hounsfield_send_delivers_the_bytes_of_the_files(receiver, few, tmp_path):
    port, got = receiver
    command = hounsfield("send", "--data", tmp_path / "data", *(f.path for f in few))
    subprocess.run([*command, f"RECEIVER@127.0.0.1:{port}"], check=True, capture_output=True)
    assert got == {f.sop_instance_uid: dataset(f.read()) for f in few}


def test_hounsfield_send_says_what_a_receiver_refused(tmp_path, few):
    def refuse(event):
        return 0xA700

    ae = AE(ae_title="FULL")
    ae.supported_contexts = [
        build_context(MRImageStorage, [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
    ]
    scp = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, refuse)])
    port = scp.socket.getsockname()[1]
    command = hounsfield("send", "--data", tmp_path / "data", few[0].path, f"FULL@127.0.0.1:{port}")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    scp.shutdown()
    assert run.returncode != 0
    assert "A700" in run.stdout + run.stderr


def test_hounsfield_echo_reaches_a_pynetdicom_receiver(receiver, tmp_path):
    command = hounsfield("echo", "--data", tmp_path / "data", f"RECEIVER@127.0.0.1:{receiver[0]}")
    subprocess.run(command, check=True, capture_output=True)


def test_a_silent_connection_hinders_nobody(server):
    with socket.create_connection((server.host, server.port)):
        assert dimse_client.echo(server)
