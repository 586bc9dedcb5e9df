"""Processes of a live server: killed, starved of a port, ended in every way."""

import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from tests import guard
from tests.live import STOP_WITHIN_S, hounsfield, live_server, members, start_server

from hounsfield.app.supervisor import Supervisor
from hounsfield.dimse.scu.requestor import Target, echo
from hounsfield.settings.model import Settings

ROLES = ("dimse", "http", "worker")


# What comes in is taken by several processes; more than one, on whatever machine this runs.
PROCESSES = {"dimse": 2, "http": 2, "worker": 1}
ENVIRONMENT = {"HOUNSFIELD_DIMSE_PROCESSES": "2", "HOUNSFIELD_WEB_PROCESSES": "2"}


def children(server, role):
    """The pids of one role's processes; waits for them, as one may be starting again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = []
        for pid in members(server.process.pid):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"hounsfield.app.child" in words and role.encode() in words:
                found.append(pid)
        if len(found) == PROCESSES[role]:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not {PROCESSES[role]} {role} processes\n{server.log_tail()}")


def child(server, role):
    """The pid of one process of a role."""
    return children(server, role)[0]


def wait_for(condition, server, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, server.log_tail()
        time.sleep(0.02)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def lowest_free_descriptor():
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def get(server, path):
    with urllib.request.urlopen(server.http + path, timeout=30) as answer:
        return answer.status, answer.read()


def target(server):
    return Target(server.host, server.port, server.ae_title, "ANYBODY")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("data"), environment=ENVIRONMENT) as running:
        yield running


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_process_is_started_again_and_the_others_go_on(server, role):
    before = {pid for name in ROLES for pid in children(server, name)}
    killed = child(server, role)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: is_gone(killed), server)
    # Its socket is still open: a caller waits a moment and is served, nobody is refused.
    assert echo(target(server)) == 0
    assert get(server, "/readyz")[0] == 200
    after = {pid for name in ROLES for pid in children(server, name)}
    assert before - after == {killed}
    assert len(after) == len(before)
    assert "signal SIGKILL" in server.log_tail()


def test_what_a_killed_process_had_half_received_is_removed_while_the_server_runs(server):
    killed, other = children(server, "dimse")
    left, kept = (server.data / "spool" / f"{pid}-1" for pid in (killed, other))
    for path in (left, kept):
        path.write_bytes(b"half an instance")
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not left.exists(), server)
    children(server, "dimse")  # until it is there again
    assert kept.exists()
    kept.unlink()


def test_a_process_that_cannot_be_started_now_is_tried_again_later(tmp_path, monkeypatch):
    supervisor = Supervisor(Settings(data=tmp_path), roles=("worker",))
    started = supervisor._children[0]

    def no_process(*_arguments, **_options):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", no_process)
    free = lowest_free_descriptor()
    delays = []
    for _ in range(3):
        started.start_at = now = time.monotonic()
        supervisor._look_after_children()
        delays.append(started.start_at - now)
    assert lowest_free_descriptor() == free
    assert started.process is None
    assert 0 < delays[0] < delays[1] < delays[2]
    supervisor.close()


def test_a_process_that_is_asked_to_end_is_started_again_too(server):
    before = child(server, "http")
    os.kill(before, signal.SIGTERM)
    wait_for(lambda: is_gone(before), server)
    assert get(server, "/readyz")[0] == 200
    assert before not in children(server, "http")


def test_the_server_says_how_it_is_reached(server):
    told = json.loads(get(server, "/api/server")[1])
    assert told["dicom_port"] == server.port
    assert told["dicom_tls_port"] is None
    assert told["ae_title"] == "HOUNSFIELD"
    assert told["unknown_peers"] == "accept"
    assert told["is_demo"] is False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_processes_in_time_with_exit_code_0(tmp_path, number):
    server = start_server(tmp_path / "data", environment=ENVIRONMENT)
    ready = next(Path(server.log.parent).glob("ready.json"))
    pids = [pid for role in ROLES for pid in children(server, role)]
    # An open browser (an answer without end), and an association that says nothing.
    browser = http.client.HTTPConnection(server.http.removeprefix("http://"), timeout=30)
    browser.request("GET", "/api/events")
    events = browser.getresponse()
    assert events.status == 200
    with socket.create_connection((server.host, server.port)):
        begin = time.monotonic()
        os.killpg(server.process.pid, number)  # as a terminal does: to the whole group
        assert server.process.wait(STOP_WITHIN_S) == 0
        assert time.monotonic() - begin < STOP_WITHIN_S
    events.read()
    browser.close()
    assert all(is_gone(pid) for pid in pids)
    assert not ready.exists()
    assert "Traceback" not in server.log.read_text()
    assert not list((tmp_path / "data" / "locks").glob("unclean.*"))


def test_children_end_when_their_parent_is_killed_and_the_folder_is_free_again(tmp_path):
    server = start_server(tmp_path / "data", environment=ENVIRONMENT)
    pids = [pid for role in ROLES for pid in children(server, role)]
    server.process.kill()
    server.process.wait()
    again = start_server(tmp_path / "data")  # waits for the children of the first
    try:
        assert all(is_gone(pid) for pid in pids)
        assert echo(target(again)) == 0
    finally:
        again.terminate()


def test_a_second_server_is_refused_with_the_pid_of_the_first(server):
    command = hounsfield("serve", "--data", server.data, "--http-port", 0, "--dicom-port", 0)
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 3
    assert f"in use by hounsfield serve (pid {server.process.pid})" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize(
    ("flag", "setting"), [("--http-port", "web.port"), ("--dicom-port", "dimse.port")]
)
def test_a_taken_port_is_named_with_its_setting(tmp_path, flag, setting):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"--http-port": 0, "--dicom-port": 0, flag: taken.getsockname()[1]}
        command = hounsfield(
            "serve", "--data", tmp_path, *(x for port in ports.items() for x in port)
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert setting in done.stderr
    assert flag in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_one_process_alone_says_what_it_offers(tmp_path, role):
    server = start_server(tmp_path, "--only", role, environment=ENVIRONMENT)
    try:
        assert set(server.ready) == {
            "dimse": {"dicom", "pid"}, "http": {"http", "dicomweb", "pid"}, "worker": {"pid"},
        }[role]  # fmt: skip
        assert len(members(server.process.pid)) == 1 + len(children(server, role))
    finally:
        server.terminate()


def test_the_three_processes_may_run_beside_each_other_on_one_folder(tmp_path):
    started = []
    try:
        started.extend(start_server(tmp_path, "--only", role) for role in ROLES)
        dimse, web, _worker = started
        assert echo(target(dimse)) == 0
        assert get(web, "/readyz")[0] == 200
    finally:
        for one in started:
            one.terminate()


def test_a_settings_file_in_the_data_folder_is_obeyed(tmp_path):
    (tmp_path / "hounsfield.toml").write_text('[dimse]\nae_title = "FROMFILE"\n')
    command = hounsfield("serve", "--data", tmp_path, "--ready-file", tmp_path / "ready")
    process = subprocess.Popen(
        [*command, "--http-port", "0", "--dicom-port", "0"], stderr=subprocess.DEVNULL
    )
    guard.watch(process)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "ready").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        ready = json.loads((tmp_path / "ready").read_text())
        assert ready["dicom"]["ae_title"] == "FROMFILE"
        assert ready["pid"] == process.pid
    finally:
        process.terminate()
        assert process.wait(STOP_WITHIN_S) == 0
        guard.unwatch(process)


def test_the_log_is_json_lines_when_asked(tmp_path):
    server = start_server(tmp_path, environment={"HOUNSFIELD_LOG_FORMAT": "json"})
    server.terminate()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert any(line["message"] == "ready" and line["process"] == "serve" for line in lines)


def test_what_a_crash_left_is_swept_at_the_next_start_and_not_after_a_clean_end(tmp_path):
    data = tmp_path / "data"
    server = start_server(data)
    server.kill()
    left = data / "spool" / "999999999-1.part"  # what a writer leaves that is gone
    left.write_bytes(b"half an instance")
    start_server(data).terminate()
    assert not left.exists()
    left.write_bytes(b"nobody looks for this after a clean end")
    start_server(data).terminate()
    assert left.exists()
