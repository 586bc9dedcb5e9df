"""What `hounsfield serve` promises to whoever starts, stops or kills it."""

import itertools
import json
import os
import subprocess
import threading
import time

import httpx
import pytest
from tests.benchmarks.association import CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN, Association
from tests.benchmarks.instances import SMALL_SIZE, Instance, Template
from tests.corpus import dataset
from tests.interop import dimse_client
from tests.interop.web import Dicomweb
from tests.live import STOP_WITHIN_S, hounsfield

TEMPLATE = Template(SMALL_SIZE)
SENDERS = 4


class Load:
    """Senders that store one instance after the other until the server is gone."""

    def __init__(self, server) -> None:
        self.acknowledged: list[Instance] = []
        self.errors: list[Exception] = []
        self._server = server
        self._threads = [threading.Thread(target=self._send, args=(k,)) for k in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def _send(self, sender: int) -> None:
        server, contexts = self._server, [(CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN)]
        try:
            with Association(
                server.host, server.port, server.ae_title, contexts, timeout_s=30
            ) as association:
                for number in itertools.count():
                    instance = Instance(sender * 100 + number // 50, 1, number)
                    data = TEMPLATE.dataset(instance)
                    if association.store(CT_IMAGE, instance.sop_instance_uid, [data]) != 0:
                        return
                    self.acknowledged.append(instance)
        except OSError as error:
            self.errors.append(error)

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, f"only {len(self.acknowledged)} stored"
            time.sleep(0.01)

    def end(self) -> list[Instance]:
        for thread in self._threads:
            thread.join(40)
            assert not thread.is_alive(), "a sender still waits for an answer"
        return self.acknowledged


def assert_all_there(server, instances):
    with Dicomweb(server.dicomweb) as web:
        for instance in instances:
            resource = (
                f"/studies/{instance.study_instance_uid}/series/{instance.series_instance_uid}"
                f"/instances/{instance.sop_instance_uid}"
            )
            assert dataset(web.instance(resource)) == TEMPLATE.dataset(instance), resource


def test_the_ready_file_says_where_everything_answers(server):
    ready = server.ready
    assert set(ready) >= {"http", "dicomweb", "dicom", "pid"}
    assert set(ready["dicom"]) >= {"host", "port", "ae_title"}
    assert ready["dicomweb"] == ready["http"] + "/dicom-web"
    assert ready["dicom"]["host"] == "127.0.0.1"
    assert ready["dicom"]["ae_title"] == "HOUNSFIELD"
    os.kill(ready["pid"], 0)
    assert httpx.get(f"{ready['http']}/healthz").status_code == 200
    assert httpx.get(f"{ready['http']}/api/totals").status_code == 200
    assert dimse_client.echo(server)


def test_another_ae_title_may_be_given(start):
    server = start(ae_title="SOMEPACS")
    assert server.ae_title == "SOMEPACS"
    assert dimse_client.echo(server)


def test_sigterm_ends_an_idle_server_soon(start):
    assert start().terminate() < STOP_WITHIN_S


def test_sigterm_under_load_ends_in_time_and_loses_nothing_acknowledged(start, tmp_path):
    server = start(data=tmp_path)
    load = Load(server)
    load.wait_for(50)
    assert server.terminate() < STOP_WITHIN_S
    acknowledged = load.end()
    assert_all_there(start(data=tmp_path), acknowledged)


@pytest.mark.parametrize("after", [30, 200, 500])
def test_kill_9_under_load_loses_nothing_acknowledged(start, tmp_path, after):
    server = start(data=tmp_path)
    load = Load(server)
    load.wait_for(after)
    server.kill()
    acknowledged = load.end()
    again = start(data=tmp_path)
    assert_all_there(again, acknowledged)
    again.terminate()
    check = subprocess.run(
        hounsfield("check", "--data", tmp_path), capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_second_server_on_the_same_folder_is_refused(start, tmp_path):
    first = start(data=tmp_path)
    with pytest.raises(RuntimeError, match="did not become ready") as refusal:
        start(data=tmp_path)
    assert "Traceback" not in str(refusal.value)
    assert dimse_client.echo(first)


def test_only_loopback_addresses_are_listened_on(tmp_path):
    run = subprocess.run(
        hounsfield("serve", "--data", tmp_path, "--http-host", "0.0.0.0", "--http-port", 0),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert "127.0.0.1" in run.stdout + run.stderr


def test_without_space_an_instance_is_refused_as_out_of_resources(start):
    # PS3.4 B.2.3: A700; the reserve is set larger than any disk
    server = start(environment={"HOUNSFIELD_RESERVE_BYTES": str(1 << 60)})
    instance = Instance(1)
    contexts = [(CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN)]
    with Association(server.host, server.port, server.ae_title, contexts) as association:
        data = TEMPLATE.dataset(instance)
        status = association.store(CT_IMAGE, instance.sop_instance_uid, [data])
    assert status >> 8 == 0xA7
    with Dicomweb(server.dicomweb) as web:
        response = web.store([TEMPLATE.file(instance)])
        assert response.status_code in (409, 503, 507), response.text
        assert web.search("/instances") == []
    assert dimse_client.echo(server)


def test_too_large_an_instance_is_refused_and_the_association_goes_on(start):
    server = start(environment={"HOUNSFIELD_MAX_OBJECT_BYTES": "5000"})
    contexts = [
        (CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN),
        ("1.2.840.10008.1.1", "1.2.840.10008.1.2"),
    ]
    with Association(server.host, server.port, server.ae_title, contexts) as association:
        data = TEMPLATE.dataset(Instance(1))
        assert association.store(CT_IMAGE, Instance(1).sop_instance_uid, [data]) >> 8 == 0xA7
        assert association.echo() == 0


def test_after_rebuild_the_archive_answers_as_before(start, tmp_path):
    server = start(data=tmp_path)
    instances = [Instance(k // 5, 1, k) for k in range(20)]
    contexts = [(CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN)]
    with Association(server.host, server.port, server.ae_title, contexts) as association:
        for instance in instances:
            data = TEMPLATE.dataset(instance)
            assert association.store(CT_IMAGE, instance.sop_instance_uid, [data]) == 0

    def answers(running):
        with Dicomweb(running.dicomweb) as web:
            text = json.dumps(
                [sorted(map(json.dumps, web.search(f"/{level}", limit="100")))
                 for level in ("studies", "series", "instances")]
            )  # fmt: skip
        return text.replace(running.http, "")  # the port is another one

    before = answers(server)
    server.terminate()
    for file in tmp_path.glob("index.db*"):
        file.unlink()
    subprocess.run(
        hounsfield("rebuild", "--data", tmp_path), check=True, capture_output=True, timeout=60
    )
    again = start(data=tmp_path)
    assert answers(again) == before
    assert_all_there(again, instances)
