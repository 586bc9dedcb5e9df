"""`hounsfield tls`."""

from pathlib import Path

import pytest

from hounsfield.cli.output import console


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "tls"


def test_init_issue_and_show(run, folder):
    run("tls", "init", "pacs.example", "192.0.2.1")
    run("tls", "init", code=1)
    run("tls", "init", "--force", "pacs.example")
    issued = run("tls", "issue", "ct1", "ct1.example", "--json").json
    assert Path(issued["certificate"]).parent == folder / "issued"
    shown = {one["file"]: one for one in run("tls", "show", "--json").json_lines}
    assert set(shown) == {"certificate.pem", "ca.pem", "issued/ct1.pem"}
    assert shown["certificate.pem"]["names"] == ["pacs.example"]
    assert shown["ca.pem"]["is_authority"]
    assert all(one["state"] == "valid" for one in shown.values())
    text = run("tls", "show").out
    assert shown["ca.pem"]["sha256"] in text
    assert "valid, until" in text


def test_init_without_names_takes_those_of_this_machine(run):
    assert "localhost" in run("tls", "init").out


def test_use_takes_given_files_over(run, folder, tmp_path):
    run("tls", "init", "--data", tmp_path / "given", "given.example")
    given = tmp_path / "given" / "tls"
    run(
        "tls", "use", "--cert", given / "certificate.pem", "--key", given / "key.pem",
        "--ca", given / "ca.pem",
    )  # fmt: skip
    assert (folder / "key.pem").read_bytes() == (given / "key.pem").read_bytes()
    told = run(
        "tls", "use", "--cert", given / "certificate.pem", "--key", given / "ca.pem",
        "--ca", given / "ca.pem", code=1,
    )  # fmt: skip
    assert "no private key" in told.err


def test_show_and_issue_say_when_there_is_nothing(run):
    assert "tls init" in run("tls", "show", code=1).err
    assert "tls init" in run("tls", "issue", "ct1", code=1).err


def test_what_stands_between_colons_is_printed_as_it_is(capsys):
    console().print("35:CD:A4:0B", markup=False)
    assert capsys.readouterr().out == "35:CD:A4:0B\n"


# SEC-01
def test_a_certificate_is_revoked_and_the_list_shown(run, folder, tmp_path):
    run("tls", "init", "pacs.example")
    run("tls", "issue", "ct1")
    assert "ct1 is revoked, SHA-256" in run("tls", "revoke", "ct1").out
    assert "1 revoked by CN=Hounsfield authority" in run("tls", "show").out
    (told,) = [one for one in run("tls", "show", "--json").json_lines if one["file"] == "crl.pem"]
    assert (told["revoked"], told["state"]) == (1, "valid")
    copied = tmp_path / "list.pem"
    copied.write_bytes((folder / "crl.pem").read_bytes())
    assert "1 revoked" in run("tls", "crl", copied).out
    assert "no list of revoked" in run("tls", "crl", folder / "ca.pem", code=1).err
    assert "no certificate 'ct9'" in run("tls", "revoke", "ct9", code=1).err
