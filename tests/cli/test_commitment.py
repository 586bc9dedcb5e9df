"""`hounsfield commit`."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from tests.dimse.committing import Keeper

CT = get_testdata_file("CT_small.dcm")


@pytest.fixture
def study(run, tmp_path):
    run("import", CT)
    return str(dcmread(CT, stop_before_pixels=True).StudyInstanceUID)


def introduce(tmp_path, peer):
    (Path(tmp_path) / "data" / "hounsfield.toml").write_text(
        f"[dimse.peers.{peer.name}]\nae_title = '{peer.ae_title}'\nhost = '{peer.host}'\nport = {peer.port}\n"
    )


# SC-01
def test_commit_says_how_many_instances_a_peer_keeps(run, study, tmp_path):
    with Keeper().listening() as peer:
        introduce(tmp_path, peer)
        assert "1 of 1 committed" in run("commit", study, peer.name).out
        told = run("commit", study, peer.name, "--json").json
    assert told["state"] == "answered"
    assert (told["committed"], told["total"], told["failed"]) == (1, 1, [])


def test_commit_fails_where_an_instance_is_not_kept(run, study, tmp_path):
    uid = str(dcmread(CT, stop_before_pixels=True).SOPInstanceUID)
    with Keeper(failing=(uid,)).listening() as peer:
        introduce(tmp_path, peer)
        told = run("commit", study, peer.name, "--json", code=1).json
    assert told["failed"] == [{"SOPInstanceUID": uid, "reason": "it is not there"}]


def test_commit_tells_that_there_is_no_result_yet(run, study, tmp_path):
    keeper = Keeper()
    keeper.answer = lambda *_: None
    with keeper.listening() as peer:
        introduce(tmp_path, peer)
        assert "not answered yet" in run("commit", study, peer.name, "--wait", "0.5", code=3).out


def test_commit_of_what_is_not_here_or_to_whom_nobody_knows_fails(run, study, tmp_path):
    assert "no peer" in run("commit", study, "nobody", code=1).err
    with Keeper().listening() as peer:
        introduce(tmp_path, peer)
        assert "no such study" in run("commit", "1.2.3", peer.name, code=1).err
