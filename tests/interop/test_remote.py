"""Other archives and worklists asked and pulled from: DCMTK's, Orthanc, and a server of our own."""

import io
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from tests.corpus import is_among, kept_in, rounds
from tests.instances import ROOT, numbered
from tests.interop.quarry import dcmqrscp, wlmscpfs
from tests.interop.web import Dicomweb
from tests.live import hounsfield

STUDY = f"{ROOT}.1"


class Ours:
    """A server of ours, and what it is asked to do with a peer that it knows as "remote"."""

    def __init__(self, server, wire=None):
        self.server, self.wire = server, wire

    def meets(self, address):
        """Know a peer, which knows no TLS itself: where the wire has it, a tunnel has it for the peer."""
        options = ()
        if self.wire is not None and self.wire.is_tls:
            where, _, port = address.rpartition(":")
            address = f"{where}:{self.wire.exit(int(port))}"
            options = ("--tls", "--tls-only")
        command("peer", "add", "--data", self.server.data, "remote", address, *options)

    @property
    def entry(self):
        """Where a program without TLS reaches us."""
        return self.server.port if self.wire is None else self.wire.entry(self.server)

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


@pytest.fixture
def wired(start, wire):
    """The same without TLS and over it."""
    return Ours(start(wire=wire), wire)


def study(series=2, images=5, **attributes):
    return [
        numbered(1, s, n, **attributes) for s in range(1, series + 1) for n in range(1, images + 1)
    ]


# QR-01
def test_dcmqrscp_is_asked_at_all_levels(wired, dcmtk_program, tmp_path):
    contents = [*study(), numbered(2)]
    with dcmqrscp(dcmtk_program, tmp_path, contents, {}) as address:
        wired.meets(address)
        found = wired.query("study", PatientName="Doe*")
        assert {one["StudyInstanceUID"] for one in found} == {STUDY, f"{ROOT}.2"}
        assert found[0]["PatientName"] == "Doe^Jane"
        assert [one["is_here"] for one in found] == [False, False]
        series = wired.query("series", StudyInstanceUID=STUDY)
        assert {one["SeriesInstanceUID"] for one in series} == {f"{STUDY}.1", f"{STUDY}.2"}
        keys = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.2"}
        assert len(wired.query("instance", **keys)) == 5


# QR-09, QR-08
@pytest.mark.parametrize("options", [(), ("--disable-get",), ("-QS",)])
def test_dcmqrscp_is_pulled_from_by_get_and_by_move(wired, dcmtk_program, tmp_path, options):
    hosts = {"HOUNSFIELD": wired.entry}
    with dcmqrscp(dcmtk_program, tmp_path, study(), hosts, *options) as address:
        wired.meets(address)
        job = wired.pull(STUDY, SeriesInstanceUIDs=[f"{STUDY}.2"], PatientID="P1")
        assert (job["state"], job["text"]) == ("done", "5 pulled from remote")
        job = wired.pull(STUDY, PatientID="P1")
        assert (job["state"], job["done"], job["total"]) == ("done", 10, 10)
        assert "5 were here already" in job["text"]
        assert wired.number_of(STUDY) == 10
        assert wired.query("study", PatientID="P1")[0]["number_here"] == 10


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


# QR-01, QR-08, QR-09
@pytest.mark.parametrize("method", ["get", "move"])
def test_orthanc_is_asked_and_pulled_from(start, wire, orthanc, method):
    wired = Ours(start(wire=wire))
    orthanc.meets(wired.server)
    wire.introduce(wired.server, "remote", "ORTHANC", orthanc.dicom_port)
    for content in study(2, 5, PatientName="Müller^Jürgen"):
        orthanc.ask("/instances", content)
    (found,) = wired.query("study", PatientID="P1")
    assert found["PatientName"] == "Müller^Jürgen"
    assert int(found["NumberOfStudyRelatedInstances"]) == 10
    assert len(wired.query("series", StudyInstanceUID=STUDY)) == 2
    if method == "get":
        job = wired.pull(STUDY)
        assert (job["state"], job["done"]) == ("done", 10), job
    else:
        arguments = ("--data", wired.server.data, "--method", "move", "remote", STUDY)
        assert "10 pulled from remote" in command("pull", *arguments, beside=wired.server)
    assert wired.number_of(STUDY) == 10


# QR-10
def test_what_one_archive_of_ours_has_another_gets_byte_for_byte(wire, start, corpus_files):
    ours = Ours(start(wire=wire))
    other = Ours(start(ae_title="OTHER", wire=wire))
    wire.introduce(other.server, "remote", "HOUNSFIELD", wire.port(ours.server))
    files = [one for one in rounds(corpus_files)[0] if one.expect == "accept"]
    by_syntax = {(one.sop_class_uid, one.transfer_syntax_uid): one for one in files}
    chosen = list(by_syntax.values())[:40]
    command("import", "--data", ours.server.data, *(one.path for one in chosen))
    for uid in {one.study_instance_uid for one in chosen}:
        job = other.pull(uid)
        assert job["state"] == "done", str(job)
    came = kept_in(other.server.data)
    for one in chosen:
        assert is_among(came[one.sop_instance_uid], one), str(one)


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
def test_the_worklist_of_wlmscpfs_is_read(
    tmp_path, dcmtk_program, charset, name, options, assumed, wire
):
    # FILE-03: with -cs0 wlmscpfs names no character set; it is the one kept with the peer
    folder, data = tmp_path / "worklists", tmp_path / "data"
    with wlmscpfs(dcmtk_program, folder, [worklist_item(charset, name)], *options) as address:
        more = ["--charset", assumed] if assumed else []
        wire.certificates.put_into(data)
        where, _, port = address.rpartition(":")
        there = f"{where}:{wire.exit(int(port))}"
        command("peer", "add", "--data", data, "ris", there, *wire.flag, *more)
        (item,) = json.loads(command("worklist", "--data", data, "ris", "Modality=MR", "--json"))
        assert item["PatientName"] == name
        assert item["ScheduledStationAETitle"] == "MR1"
        assert item["ScheduledProcedureStepStartDate"] == "20261124"
        assert item["RequestedProcedureDescription"] == "MR of the head"
        assert "nothing matches" in command("worklist", "--data", data, "ris", "Modality=CT")


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
