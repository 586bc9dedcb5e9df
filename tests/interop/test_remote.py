"""Other archives and worklists asked and pulled from: DCMTK's, Orthanc, and a server of our own."""

import io
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from tests.benchmarks import servers
from tests.instances import ROOT, numbered
from tests.interop.corpus import dataset, rounds
from tests.interop.quarry import dcmqrscp, wlmscpfs
from tests.interop.web import Dicomweb
from tests.live import hounsfield

STUDY = f"{ROOT}.1"


class Ours:
    """A server of ours, and what it is asked to do with a peer that it knows as "remote"."""

    def __init__(self, server):
        self.server = server

    def meets(self, address):
        command("peer", "add", "--data", self.server.data, "remote", address)

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Origin": self.server.http}
        request = urllib.request.Request(f"{self.server.http}/api{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def query(self, level, **match):
        answer = self.call("/peers/remote/query", {"level": level, "match": match})
        return answer["matches"]

    def pull(self, study, **more):
        job = self.call("/peers/remote/pull", {"StudyInstanceUID": study, **more})
        deadline = time.monotonic() + 60
        while job["state"] in {"queued", "running"} and time.monotonic() < deadline:
            time.sleep(0.1)
            job = self.call(f"/jobs/{job['id']}")
        return job

    def number_of(self, study):
        return self.call(f"/studies/{study}")["NumberOfStudyRelatedInstances"]


def command(*arguments, beside=None):
    """Run a command; ``beside`` is the server over the same folder, whose name and port are set for both."""
    environment = dict(os.environ)
    if beside is not None:
        environment |= {
            "HOUNSFIELD_DIMSE_AE_TITLE": beside.ae_title,
            "HOUNSFIELD_DIMSE_PORT": str(beside.port),
        }
    done = subprocess.run(
        hounsfield(*arguments),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def ours(start):
    return Ours(start())


def study(series=2, images=5, **attributes):
    return [
        numbered(1, s, n, **attributes) for s in range(1, series + 1) for n in range(1, images + 1)
    ]


# QR-01
def test_dcmqrscp_is_asked_at_all_levels(ours, dcmtk_program, tmp_path):
    contents = [*study(), numbered(2)]
    with dcmqrscp(dcmtk_program, tmp_path, contents, {}) as address:
        ours.meets(address)
        found = ours.query("study", PatientName="Doe*")
        assert {one["StudyInstanceUID"] for one in found} == {STUDY, f"{ROOT}.2"}
        assert found[0]["PatientName"] == "Doe^Jane"
        assert [one["is_here"] for one in found] == [False, False]
        series = ours.query("series", StudyInstanceUID=STUDY)
        assert {one["SeriesInstanceUID"] for one in series} == {f"{STUDY}.1", f"{STUDY}.2"}
        keys = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.2"}
        assert len(ours.query("instance", **keys)) == 5


# QR-09, QR-08
@pytest.mark.parametrize("options", [(), ("--disable-get",), ("-QS",)])
def test_dcmqrscp_is_pulled_from_by_get_and_by_move(ours, dcmtk_program, tmp_path, options):
    hosts = {"HOUNSFIELD": ours.server.port}
    with dcmqrscp(dcmtk_program, tmp_path, study(), hosts, *options) as address:
        ours.meets(address)
        job = ours.pull(STUDY, SeriesInstanceUIDs=[f"{STUDY}.2"], PatientID="P1")
        assert (job["state"], job["text"]) == ("done", "5 pulled from remote")
        job = ours.pull(STUDY, PatientID="P1")
        assert (job["state"], job["done"], job["total"]) == ("done", 10, 10)
        assert "5 were here already" in job["text"]
        assert ours.number_of(STUDY) == 10
        assert ours.query("study", PatientID="P1")[0]["number_here"] == 10


# QR-08
def test_dcmqrscp_that_does_not_know_us_is_told_from_other_failures(ours, dcmtk_program, tmp_path):
    with dcmqrscp(dcmtk_program, tmp_path, study(), {}, "--disable-get") as address:
        ours.meets(address)
        job = ours.pull(STUDY)
    assert job["state"] == "failed"
    assert "A801" in job["text"]
    assert f"port {ours.server.port}" in job["text"]


def test_five_hundred_instances_come_by_get_and_by_move(ours, start, dcmtk_program, tmp_path):
    other = Ours(start(ae_title="OTHER"))
    hosts = {"OTHER": other.server.port}
    with dcmqrscp(dcmtk_program, tmp_path, study(5, 100), hosts) as address:
        ours.meets(address)
        other.meets(address)
        job = ours.pull(STUDY)
        assert (job["state"], job["done"], job["total"]) == ("done", 500, 500), job
        arguments = ("--data", other.server.data, "--method", "move", "remote", STUDY)
        assert "500 pulled" in command("pull", *arguments, beside=other.server)
    assert ours.number_of(STUDY) == 500
    assert other.number_of(STUDY) == 500


NAMES = [
    ("ISO_IR 100", "Müller^Jürgen"),
    (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
]


# QR-05, FILE-03
@pytest.mark.parametrize(("charset", "name"), NAMES)
def test_names_come_right_from_dcmqrscp(ours, dcmtk_program, tmp_path, charset, name):
    content = numbered(1, SpecificCharacterSet=charset, PatientName=name)
    with dcmqrscp(dcmtk_program, tmp_path, [content], {}) as address:
        ours.meets(address)
        assert [one["PatientName"] for one in ours.query("study", PatientID="P1")] == [name]


@pytest.fixture
def orthanc(tmp_path):
    if not Path(servers.ORTHANC).exists():
        pytest.skip("Orthanc is not installed")
    running = servers.Orthanc(tmp_path / "orthanc", servers.NO_DELAY)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def post(orthanc, content):
    request = urllib.request.Request(f"{orthanc.http}/instances", data=content)
    urllib.request.urlopen(request, timeout=60).close()


def introduce(orthanc, server):
    modality = {"AET": server.ae_title, "Host": server.host, "Port": server.port}
    request = urllib.request.Request(
        f"{orthanc.http}/modalities/us", data=json.dumps(modality).encode(), method="PUT"
    )
    urllib.request.urlopen(request, timeout=60).close()


# QR-01, QR-08, QR-09
def test_orthanc_is_asked_and_pulled_from(ours, orthanc):
    introduce(orthanc, ours.server)
    ours.meets(f"ORTHANC@{orthanc.host}:{orthanc.dicom_port}")
    for content in study(2, 5, PatientName="Müller^Jürgen"):
        post(orthanc, content)
    (found,) = ours.query("study", PatientID="P1")
    assert found["PatientName"] == "Müller^Jürgen"
    assert int(found["NumberOfStudyRelatedInstances"]) == 10
    assert len(ours.query("series", StudyInstanceUID=STUDY)) == 2
    job = ours.pull(STUDY)
    assert (job["state"], job["done"]) == ("done", 10), job
    assert ours.number_of(STUDY) == 10


# QR-08
def test_orthanc_sends_by_c_move(ours, orthanc):
    introduce(orthanc, ours.server)
    ours.meets(f"ORTHANC@{orthanc.host}:{orthanc.dicom_port}")
    for content in study(1, 5):
        post(orthanc, content)
    arguments = ("--data", ours.server.data, "--method", "move", "remote", STUDY)
    text = command("pull", *arguments, beside=ours.server)
    assert "5 pulled from remote" in text
    assert ours.number_of(STUDY) == 5


# QR-10
def test_what_one_archive_of_ours_has_another_gets_byte_for_byte(ours, start, corpus_files):
    other = Ours(start(ae_title="OTHER"))
    other.meets(f"HOUNSFIELD@{ours.server.host}:{ours.server.port}")
    files = [one for one in rounds(corpus_files)[0] if one.expect == "accept"]
    by_syntax = {(one.sop_class_uid, one.transfer_syntax_uid): one for one in files}
    chosen = list(by_syntax.values())[:40]
    command("import", "--data", ours.server.data, *(one.path for one in chosen))
    for uid in {one.study_instance_uid for one in chosen}:
        job = other.pull(uid)
        assert job["state"] == "done", job
    with Dicomweb(other.server.dicomweb) as web:
        for one in chosen:
            came, sent = dataset(web.instance(one.resource)), dataset(one.read())
            assert came == sent + b"\0" * (len(sent) % 2), str(one)  # PS3.5 A.5: deflated


def worklist_item(charset, name):
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = "MR", "MR1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20261124", "0930"
    step.ScheduledProcedureStepDescription, step.ScheduledProcedureStepID = "Head", "SPS1"
    step.ScheduledPerformingPhysicianName = "Roe^Richard"
    item = Dataset()
    item.SpecificCharacterSet = charset
    item.AccessionNumber, item.PatientName, item.PatientID = "A1", name, "P1"
    item.PatientBirthDate, item.PatientSex = "19500115", "F"
    item.StudyInstanceUID, item.RequestedProcedureID = STUDY, "RP1"
    item.RequestedProcedureDescription = "MR of the head"
    item.ScheduledProcedureStepSequence = Sequence([step])
    item.file_meta = FileMetaDataset()
    item.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    item.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
    item.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.9"
    out = io.BytesIO()
    dcmwrite(out, item, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("charset", "name", "options", "assumed"),
    [
        ("ISO_IR 100", "Müller^Jürgen", ("-csk",), None),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", ("-csk",), None),
        ("ISO_IR 126", "Διονυσιος", ("-cs0",), "ISO_IR 126"),
    ],
)
def test_the_worklist_of_wlmscpfs_is_read(tmp_path, dcmtk_program, charset, name, options, assumed):
    # FILE-03: with -cs0 wlmscpfs names no character set; it is the one kept with the peer
    folder, data = tmp_path / "worklists", tmp_path / "data"
    with wlmscpfs(dcmtk_program, folder, [worklist_item(charset, name)], *options) as address:
        charset_option = ["--charset", assumed] if assumed else []
        command("peer", "add", "--data", data, "ris", address, *charset_option)
        (item,) = json.loads(command("worklist", "--data", data, "ris", "Modality=MR", "--json"))
        assert item["PatientName"] == name
        assert item["ScheduledStationAETitle"] == "MR1"
        assert item["ScheduledProcedureStepStartDate"] == "20261124"
        assert item["RequestedProcedureDescription"] == "MR of the head"
        assert "nothing matches" in command("worklist", "--data", data, "ris", "Modality=CT")


def test_termscu_does_not_stop_the_server(start, dcmtk_program):
    server = start()
    address = [server.host, str(server.port)]
    subprocess.run(
        [dcmtk_program("termscu"), "-aec", server.ae_title, *address],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert server.is_running
    echo = [dcmtk_program("echoscu"), "-aec", server.ae_title, *address]
    subprocess.run(echo, check=True, capture_output=True, timeout=60)
    assert server.is_running


def test_dataset_values_survive_a_pull_from_dcmtk(ours, dcmtk_program, tmp_path):
    content = numbered(1, PatientName="Yamada^Tarou=山田^太郎", PatientComments="two\r\nlines")
    with dcmqrscp(dcmtk_program, tmp_path, [content], {}) as address:
        ours.meets(address)
        assert ours.pull(STUDY)["state"] == "done"
    with Dicomweb(ours.server.dicomweb) as web:
        resource = f"studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
        came = dcmread(io.BytesIO(web.instance(resource)))
    sent = dcmread(io.BytesIO(content))
    # DCMTK encodes lengths anew: the values are the measure
    assert came == sent
