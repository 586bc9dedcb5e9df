"""Deleting on a live server of several processes: gone for all of them, and back by a job of the worker."""

import contextlib
import os
import threading
import time

import httpx
import pytest
from tests.instances import part10
from tests.live import live_server, start_server

from hounsfield.archive.access import LOCAL
from hounsfield.archive.check import check
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

STUDY = "1.2.3"
ALLOWED = {"HOUNSFIELD_DICOMWEB_DELETE": "allow"}
DICOM = {"Content-Type": "application/dicom"}
WAIT_S = 60


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def instance(number):
    return part10(
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=f"{STUDY}.1",
        SOPInstanceUID=f"{STUDY}.1.{number}",
        InstanceNumber=number,
    )


def fill(client, count):
    for number in range(count):
        assert client.post("/dicom-web/studies", content=instance(number), headers=DICOM).is_success


def until(what, condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_study_is_deleted_sent_again_and_brought_back(data):
    # WADO-01
    with (
        live_server(data, environment=ALLOWED) as server,
        httpx.Client(base_url=server.http, timeout=60) as client,
    ):
        fill(client, 5)
        assert client.delete(f"/dicom-web/studies/{STUDY}").status_code == 204
        assert client.get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 410
        assert client.get("/dicom-web/studies").status_code == 204
        (deleted,) = client.get("/api/trash").json()["deletions"]
        fill(client, 2)  # by whichever process: each must have forgotten the rows that it knew
        assert len(client.get(f"/dicom-web/studies/{STUDY}/metadata").json()) == 2
        assert client.post(f"/api/trash/{deleted['uid']}/restore").status_code == 202
        until("it is back", lambda: client.get("/api/trash").json()["total"] == 0)
        assert len(client.get(f"/dicom-web/studies/{STUDY}/metadata").json()) == 5
        kinds = [one["kind"] for one in client.get("/api/changes").json()["changes"]]
        assert kinds.count("deleted") == kinds.count("restored") == 1
    assert whole(data) == 5


@pytest.mark.parametrize("after_ms", [0, 15])
def test_a_server_that_is_killed_while_it_deletes_has_deleted_all_or_nothing(data, after_ms):
    server = start_server(data, environment=ALLOWED)
    try:
        with httpx.Client(base_url=server.http, timeout=60) as client:
            fill(client, 60)
            deleting = threading.Thread(target=delete, args=(server.http,))
            deleting.start()
            time.sleep(after_ms / 1000)
            server.kill()
            deleting.join(WAIT_S)
    finally:
        server.kill()
    with (
        live_server(data) as again,
        httpx.Client(base_url=again.http, timeout=60) as client,
    ):
        deletions = client.get("/api/trash").json()["deletions"]
        here = client.get(f"/dicom-web/studies/{STUDY}/instances")
        if deletions:
            assert here.status_code == 204
            assert client.post(f"/api/trash/{deletions[0]['uid']}/restore").status_code == 202
            until("it is back", lambda: client.get("/api/trash").json()["total"] == 0)
        here = client.get(f"/dicom-web/studies/{STUDY}/instances")
        assert len(here.json()) == 60
    assert whole(data) == 60


def delete(http):
    with contextlib.suppress(httpx.TransportError):  # it was killed
        httpx.delete(f"{http}/dicom-web/studies/{STUDY}", timeout=WAIT_S)


def whole(data):
    """How many instances there are; fails unless storage and index agree."""
    storage = FilesystemStorage(FilesystemConfig(data, reserve_bytes=0))
    with Index(IndexConfig(data / "index.db")) as index:
        assert list(check(storage, index)) == []
        totals = Search(index).totals(LOCAL)
        assert totals.instances == len(Retrieve(storage, index).locate(LOCAL, STUDY))
    left = [name for _, _, names in os.walk(data / "trash") for name in names]
    assert left == []
    return totals.instances
