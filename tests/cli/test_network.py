import threading
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, Verification

CT = get_testdata_file("CT_small.dcm")
MR = get_testdata_file("MR_small.dcm")


@pytest.fixture
def peer():
    """A pynetdicom SCP that takes CT images only; gives its port and what it received."""
    received, lock = [], threading.Lock()

    def on_store(event):
        with lock:
            received.append((event.assoc.requestor.ae_title, event.request.AffectedSOPInstanceUID))
        return 0xA700 if event.assoc.requestor.ae_title == "FULL" else 0

    ae = AE("PEER")
    ae.require_called_aet = True
    ae.add_supported_context(Verification)
    ae.add_supported_context(CTImageStorage)
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)]
    )
    yield server.server_address[1], received
    server.shutdown()


def test_echo_asks_a_peer_by_address(run, peer):
    port, _received = peer
    assert "answered 0000" in run("echo", f"PEER@127.0.0.1:{port}").out
    assert run("echo", f"PEER@127.0.0.1:{port}", "--json").json["status"] == "0000"


def test_echo_asks_a_peer_by_its_name_in_the_settings(run, peer, tmp_path):
    (tmp_path / "hounsfield.toml").write_text(
        f'[dimse.peers.other]\nae_title = "PEER"\nhost = "127.0.0.1"\nport = {peer[0]}\n'
    )
    run("echo", "other", "--data", tmp_path)


def test_nobody_there_is_exit_code_3(run, peer):
    # Port 1 of the loopback interface: nobody listens there.
    assert "no connection" in run("echo", "PEER@127.0.0.1:1", code=3).err


def test_a_peer_that_rejects_us_is_exit_code_1(run, peer):
    assert "rejected" in run("echo", f"WRONG@127.0.0.1:{peer[0]}", code=1).err


@pytest.mark.parametrize("peer_argument", ["nobody", "PEER@127.0.0.1:port", "@127.0.0.1:104"])
def test_what_is_no_peer_is_wrong_usage(run, peer_argument):
    assert "is no peer" in run("echo", peer_argument, code=2).err


def test_a_peer_without_a_host_cannot_be_sent_to(run, tmp_path):
    (tmp_path / "hounsfield.toml").write_text('[dimse.peers.other]\nae_title = "PEER"\n')
    assert "no host" in run("echo", "other", "--data", tmp_path, code=2).err


def test_files_and_folders_are_sent_and_what_is_no_dicom_is_skipped(run, peer, tmp_path):
    port, received = peer
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "scan").write_bytes(Path(CT).read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    result = run("send", tmp_path / "in", CT, f"PEER@127.0.0.1:{port}", "--json")
    *lines, last = result.json_lines
    assert sorted(line["outcome"] for line in lines) == ["skipped", "stored", "stored"]
    assert last == {"summary": {"stored": 2, "refused": 0, "skipped": 1}}
    assert [title for title, _uid in received] == ["HOUNSFIELD"] * 2


def test_what_a_peer_does_not_take_is_named_and_fails_the_command(run, peer):
    port, received = peer
    result = run("send", MR, CT, f"PEER@127.0.0.1:{port}", code=1)
    assert "1 refused: " in result.out
    assert "MR Image" in result.out
    assert "1 stored, 1 refused, 0 skipped" in result.out
    assert len(received) == 1


def test_a_status_that_is_a_failure_fails_the_command(run, peer):
    result = run("send", CT, f"PEER@127.0.0.1:{peer[0]}", "--ae-title", "FULL", "--json", code=1)
    assert result.json_lines[0]["status"] == "A700"


def test_a_path_that_is_not_there_is_wrong_usage(run, peer):
    run("send", "nowhere.dcm", f"PEER@127.0.0.1:{peer[0]}", code=2)


def test_nothing_to_send_fails(run, peer, tmp_path):
    assert "no DICOM file" in run("send", tmp_path, f"PEER@127.0.0.1:{peer[0]}", code=1).err
