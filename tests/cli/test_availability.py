"""`hounsfield availability`."""

from pydicom import dcmread
from pydicom.data import get_testdata_file

CT = get_testdata_file("CT_small.dcm")


# IAN
def test_peers_are_added_listed_told_and_removed(run, tmp_path):
    run("import", CT)
    (tmp_path / "data" / "hounsfield.toml").write_text(
        "[dimse.peers.ris]\nae_title = 'RIS'\nhost = '127.0.0.1'\nport = 11999\n"
    )
    assert "nobody" in run("availability", "list").out
    run("availability", "add", "ris")
    assert "already" in run("availability", "add", "ris", code=1).err
    assert [one["peer"] for one in run("availability", "list", "--json").json] == ["ris"]
    study = str(dcmread(CT, stop_before_pixels=True).StudyInstanceUID)
    assert run("availability", "tell", study, "ris", "--json").json["job"]
    assert "no such study" in run("availability", "tell", "1.2.3", "ris", code=1).err
    run("availability", "remove", "ris")
    assert "not told" in run("availability", "remove", "ris", code=1).err
    assert "no peer" in run("availability", "add", "nobody", code=1).err
