from hounsfield.settings.reference import reference


def test_settings_are_printed_with_where_they_come_from(run, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "hounsfield.toml").write_text('[dimse.peers.ct]\nae_title = "CT1"\n')
    result = run("settings", environment={"HOUNSFIELD_WEB_PORT": "8081"})
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    assert lines["web.port"].split() == ["web.port", "8081", "HOUNSFIELD_WEB_PORT"]
    assert lines["dimse.port"].split() == ["dimse.port", "11112", "default"]
    assert "ct = CT1@anywhere:104" in lines["dimse.peers"]
    assert str(data / "hounsfield.toml") in lines["dimse.peers"]


def test_settings_as_json_name_value_and_origin(run, tmp_path):
    document = run("settings", "--json", "--data", tmp_path).json
    assert document["data"] == {"value": str(tmp_path), "origin": "command line"}
    assert document["web.port"] == {"value": 8080, "origin": "default"}


def test_the_reference_is_printed(run):
    assert run("settings", "--reference").out == reference()


def test_a_wrong_setting_is_wrong_usage(run):
    result = run("settings", code=2, environment={"HOUNSFIELD_WEB_HOST": "0.0.0.0"})
    assert "web.host" in result.err
    assert "no accounts yet" in result.err


def test_the_version_is_the_package_s(run):
    from hounsfield import __version__

    assert run("version").out == f"hounsfield {__version__}\n"


def test_the_help_of_every_command_explains_itself_and_the_exit_codes(run):
    text = run("--help").out
    assert "Exit codes" in text
    for command in "serve demo import find send echo export check rebuild settings version".split():
        assert command in text
        assert "Usage" in run(command, "--help").out


def test_an_unknown_command_is_wrong_usage(run):
    run("serv", code=2)


def test_a_folder_that_cannot_be_made_is_named(run, tmp_path):
    (tmp_path / "file").touch()
    result = run("serve", "--data", tmp_path / "file" / "data", code=1)
    assert f"{tmp_path / 'file'}" in result.err
