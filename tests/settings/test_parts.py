from dataclasses import fields

from hounsfield.dimse.config import DimseConfig, Peer
from hounsfield.index.site.records import TlsSettings
from hounsfield.settings.parts import dimse_config, index_config, storage_config, store_policy
from hounsfield.settings.reading import read_settings
from hounsfield.storage.filesystem import FilesystemConfig


def test_without_settings_the_dicom_server_has_its_own_defaults(tmp_path):
    settings = read_settings({"data": tmp_path}, environment={}).settings
    assert dimse_config(settings) == DimseConfig(tls=TlsSettings(tmp_path / "tls"))


def test_every_setting_of_the_dicom_server_reaches_it(tmp_path):
    flags = {
        "data": tmp_path,
        "dimse.ae_title": "ME",
        "dimse.called_ae_titles": ["OLD"],
        "dimse.unknown_peers": "accept",
        "dimse.unknown_sop_classes": "refuse",
        "dimse.max_associations": 3,
        "dimse.max_associations_by_peer": 2,
        "dimse.max_pdu_bytes": 8192,
        "dimse.artim_s": 1,
        "dimse.pdu_s": 2,
        "dimse.idle_s": 3,
        "dimse.worklist_only_own_station": True,
        "dimse.worklist_keeps_started": False,
        "dimse.minimum_bytes_per_s": 4,
        "dimse.peers": {"ct": {"ae_title": "CT", "host": "127.0.0.1", "port": 105}},
    }
    config = dimse_config(read_settings(flags, environment={}).settings)
    assert config.peers == (Peer("CT", "127.0.0.1", 105, name="ct"),)
    untouched = {
        field.name
        for field in fields(DimseConfig)
        if getattr(config, field.name) == getattr(DimseConfig(), field.name)
    }
    assert untouched == {"max_skipped_bytes", "probe_ae_title"}
    times = config.times
    assert (times.artim_s, times.pdu_s, times.idle_s, times.minimum_bytes_per_s) == (1, 2, 3, 4)


def test_storage_index_and_policy_follow_the_settings(tmp_path):
    flags = {"data": tmp_path, "reserve_bytes": 5, "max_object_bytes": 6, "duplicates": "replace"}
    settings = read_settings(flags, environment={}).settings
    assert storage_config(settings) == FilesystemConfig(tmp_path, 5, 6)
    assert index_config(settings).location == tmp_path / "index.db"
    assert store_policy(settings).duplicates == "replace"
