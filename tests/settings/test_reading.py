import json

import pytest

from hounsfield.settings.reading import SettingsError, read_settings


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(tmp_path):
    (tmp_path / "hounsfield.toml").write_text(
        '[dimse]\nport = 1\nae_title = "FILE"\nunknown_peers = "accept"\n'
    )
    effective = read_settings(
        {"data": tmp_path, "dimse.port": 3},
        environment={"HOUNSFIELD_DIMSE_PORT": "2", "HOUNSFIELD_DIMSE_AE_TITLE": "VARIABLE"},
    )
    dimse = effective.settings.dimse
    assert (dimse.port, dimse.ae_title, dimse.unknown_peers) == (3, "VARIABLE", "accept")
    assert dimse.host == "127.0.0.1"
    assert effective.origins["dimse.port"] == "command line"
    assert effective.origins["dimse.ae_title"] == "HOUNSFIELD_DIMSE_AE_TITLE"
    assert effective.origins["dimse.unknown_peers"] == str(tmp_path / "hounsfield.toml")
    assert effective.origins["dimse.host"] == "default"


def test_a_flag_that_was_not_given_hides_nothing(tmp_path):
    effective = read_settings(
        {"data": tmp_path, "web.port": None}, environment={"HOUNSFIELD_WEB_PORT": "81"}
    )
    assert effective.settings.web.port == 81


def test_peers_are_read_from_tables_and_from_json_in_the_environment(tmp_path):
    (tmp_path / "hounsfield.toml").write_text('[dimse.peers.ct1]\nae_title = "CT1"\nhost = "::1"\n')
    from_file = read_settings({"data": tmp_path}, environment={}).settings.dimse.peers
    assert (from_file["ct1"].ae_title, from_file["ct1"].host, from_file["ct1"].port) == (
        "CT1", "::1", 104,
    )  # fmt: skip
    variable = {"HOUNSFIELD_DIMSE_PEERS": json.dumps({"mr": {"ae_title": "MR", "port": 11113}})}
    from_variable = read_settings({"data": tmp_path}, environment=variable).settings.dimse.peers
    assert list(from_variable) == ["mr"]
    assert from_variable["mr"].port == 11113


def test_lists_in_the_environment_are_written_with_commas(tmp_path):
    variables = {"HOUNSFIELD_DIMSE_CALLED_AE_TITLES": "OLDPACS, OTHER"}
    settings = read_settings({"data": tmp_path}, environment=variables).settings
    assert settings.dimse.called_ae_titles == ("OLDPACS", "OTHER")


def test_the_data_folder_in_a_settings_file_is_relative_to_that_file(tmp_path):
    file = tmp_path / "site.toml"
    file.write_text('data = "images"\n')
    assert read_settings(file=file, environment={}).settings.data == tmp_path / "images"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[dimse]\nprot = 1\n", "dimse.prot: no such setting, did you mean dimse.port?"),
        ("prot = 1\n", "prot: no such setting"),
        ("unknown_peers = 'accept'\n", "did you mean dimse.unknown_peers?"),
        ("[dimse.peers.ct1]\nae_titel = 'CT1'\n", "did you mean dimse.peers.ct1.ae_title?"),
        ("[dimse.peers.ct1]\nhost = '::1'\n", "dimse.peers.ct1.ae_title: must be given"),
        ("[dims]\nport = 1\n", "dims: no such setting, did you mean"),
        ("web = 5\n", "web = 5:"),
        ("duplicates = 'both'\n", "duplicates = 'both': input should be 'keep-both'"),
        ("[web]\nport = 70000\n", "web.port = 70000:"),
        ("[web\n", "hounsfield.toml:"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path, text, expected):
    file = tmp_path / "hounsfield.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings({"data": tmp_path}, environment={})
    assert expected in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_misspelt_variable_is_an_error_and_a_foreign_one_is_not(tmp_path):
    with pytest.raises(SettingsError, match="did you mean HOUNSFIELD_WEB_PORT"):
        read_settings({"data": tmp_path}, environment={"HOUNSFIELD_WEB_PROT": "1"})
    with pytest.raises(SettingsError, match="did you mean HOUNSFIELD_DUPLICATES"):
        read_settings({"data": tmp_path}, environment={"HOUNSFIELD_DUPLICATE": "replace"})
    read_settings({"data": tmp_path}, environment={"HOUNSFIELD_CORPUS": "/somewhere"})


def test_a_missing_settings_file_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match=r"site\.toml"):
        read_settings(file=tmp_path / "site.toml", environment={})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_hosts_of_this_machine_are_accepted(tmp_path, host):
    settings = read_settings(
        {"data": tmp_path, "web.host": host, "dimse.host": host}, environment={}
    )
    assert settings.settings.web.host == ("127.0.0.1" if host == "localhost" else host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "::ffff:192.0.2.1", "127.0.0.1.nip"]
)
@pytest.mark.parametrize("key", ["web.host", "dimse.host"])
def test_any_other_host_is_refused_with_the_reason(tmp_path, host, key):
    with pytest.raises(SettingsError, match="no accounts yet") as caught:
        read_settings({"data": tmp_path, key: host}, environment={})
    assert key in str(caught.value)


@pytest.mark.parametrize("title", ["", "   ", "A" * 17, "A\\B", "A\nB", "ÄRZTE"])
def test_what_is_no_ae_title_is_refused(tmp_path, title):  # NET-12
    with pytest.raises(SettingsError, match=r"dimse\.ae_title"):
        read_settings({"data": tmp_path, "dimse.ae_title": title}, environment={})


def test_spaces_around_an_ae_title_do_not_count(tmp_path):  # NET-12
    settings = read_settings({"data": tmp_path, "dimse.ae_title": " MY PACS "}, environment={})
    assert settings.settings.dimse.ae_title == "MY PACS"


def test_settings_cannot_be_changed_once_read(tmp_path):
    settings = read_settings({"data": tmp_path}, environment={}).settings
    with pytest.raises(ValueError, match="frozen"):
        settings.web.port = 1
