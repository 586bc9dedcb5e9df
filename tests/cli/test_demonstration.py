import json
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from tests import guard
from tests.live import STOP_WITHIN_S, hounsfield

from hounsfield.cli.demonstration import settled
from hounsfield.settings.reading import Effective, read_settings


def effective(data, **ports):
    """Settings whose ports count as defaults."""
    read = read_settings(
        {"data": data, **{f"{k}.port": v for k, v in ports.items()}}, environment={}
    )
    return Effective(
        read.settings, {**read.origins, "web.port": "default", "dimse.port": "default"}
    )


def test_a_default_port_that_is_taken_gives_way_to_a_free_one_and_it_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings, remarks = settled(effective(tmp_path, web=port, dimse=0))
    assert settings.web.port == 0
    assert len(remarks) == 1
    assert str(port) in remarks[0]
    assert "web" in remarks[0]


def test_a_port_that_was_asked_for_is_kept(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        read = read_settings({"data": tmp_path, "web.port": port, "dimse.port": 0}, environment={})
        settings, remarks = settled(read)
    assert settings.web.port == port
    assert remarks == []


def test_the_demo_says_where_it_is_fills_itself_while_it_serves_and_ends_tidily(tmp_path):
    command = hounsfield(
        "demo", "--data", tmp_path / "data", "--ready-file", tmp_path / "ready.json"
    )
    process = subprocess.Popen(
        [*command, "--http-port", "0", "--dicom-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    guard.watch(process)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + 90
        studies = 0
        while studies == 0:  # the first study is seen while the others are still being made
            assert time.monotonic() < deadline, "".join(lines)
            assert process.poll() is None, "".join(lines)
            time.sleep(0.1)
            if not (tmp_path / "ready.json").exists():
                continue
            ready = json.loads((tmp_path / "ready.json").read_text())
            with urllib.request.urlopen(ready["http"] + "/api/totals", timeout=30) as answer:
                studies = json.loads(answer.read())["studies"]
        with urllib.request.urlopen(ready["http"] + "/api/server", timeout=30) as answer:
            server = json.loads(answer.read())
        assert server["is_demo"] is True
        assert server["unknown_peers"] == "accept"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_WITHIN_S) == 0, "".join(lines)
        guard.unwatch(process)
    reader.join(10)
    process.stdout.close()
    text = "".join(lines)
    port = ready["dicom"]["port"]
    assert ready["http"] in text
    assert f"AE title HOUNSFIELD, 127.0.0.1 port {port}" in text
    assert f"storescu -aec HOUNSFIELD 127.0.0.1 {port} FILE" in text
    assert "Traceback" not in text
