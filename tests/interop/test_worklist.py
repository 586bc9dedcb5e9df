"""The modality worklist beside DCMTK's wlmscpfs: the same items, the same questions, the same answers."""

import contextlib
import json
import socket
import subprocess
import time

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from tests.interop.wire import TLS_PORT
from tests.live import hounsfield, live_server

STEP = "(0040,0100)[0]."
STATION, DATE, TIME = f"{STEP}(0040,0001)", f"{STEP}(0040,0002)", f"{STEP}(0040,0003)"
MODALITY, PHYSICIAN, STEP_ID = f"{STEP}(0008,0060)", f"{STEP}(0040,0006)", f"{STEP}(0040,0009)"
NAME, PATIENT_ID, ACCESSION, PROCEDURE_ID = (
    "(0010,0010)",
    "(0010,0020)",
    "(0008,0050)",
    "(0040,1001)",
)
ASKED = (NAME, PATIENT_ID, ACCESSION, PROCEDURE_ID, "(0020,000d)", STATION, DATE, TIME, MODALITY,
         PHYSICIAN, STEP_ID)  # fmt: skip
IN_STEP = frozenset({
    "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
    "ScheduledPerformingPhysicianName", "ScheduledProcedureStepID", "ScheduledProcedureStepDescription",
})  # fmt: skip
QUERIES = (
    {},
    {STATION: "CT1"},
    {STATION: "CT1", DATE: "20261124"},
    {DATE: "20261124-20261125"},
    {DATE: "20261125-"},
    {DATE: "-20261124"},
    {DATE: "20261124-20261126", TIME: "100000-180000"},
    {DATE: "20261124", TIME: "080000-120000"},
    {MODALITY: "MR"},
    {NAME: "Lovelace^Ada"},
    {NAME: "L*"},
    {NAME: "*^Grac?"},
    {PATIENT_ID: "P003"},
    {ACCESSION: "A002"},
    {PHYSICIAN: "House*"},
    {PROCEDURE_ID: "R004"},
    {STATION: "CT1", MODALITY: "MR"},
)


def items():
    """What is to be done, by keywords."""
    people = ("Lovelace^Ada", "Hopper^Grace", "Liskov^Barbara", "Hamilton^Margaret")
    for number in range(12):
        yield {
            "PatientName": people[number % 4],
            "PatientID": f"P{number % 4:03}",
            "PatientSex": "F",
            "AccessionNumber": f"A{number % 4:03}",
            "RequestedProcedureID": f"R{number:03}",
            "RequestedProcedureDescription": "head",
            "StudyInstanceUID": f"2.25.77.{number}",
            "Modality": ("CT", "MR")[number % 2],
            "ScheduledStationAETitle": ("CT1", "MR1", "CT2")[number % 3],
            "ScheduledProcedureStepStartDate": f"202611{24 + number % 3}",
            "ScheduledProcedureStepStartTime": f"{7 + number:02}0000",
            "ScheduledPerformingPhysicianName": ("House^Gregory", "Grey^Meredith")[number % 2],
            "ScheduledProcedureStepID": f"S{number:03}",
            "ScheduledProcedureStepDescription": "head",
        }


@pytest.fixture(scope="module")
def ours(tmp_path_factory, certificates):
    """A server that has the items, added by the command line while it runs."""
    data = certificates.put_into(tmp_path_factory.mktemp("ours"))
    with live_server(data, environment=TLS_PORT) as server:
        file = server.data / "orders.json"
        file.write_text(json.dumps(list(items())))
        command = hounsfield("order", "add", "--from", file, "--data", server.data)
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        yield server


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, dcmtk_program):
    """A wlmscpfs that has the items as files."""
    folder = tmp_path_factory.mktemp("theirs")
    lists = folder / "WORKLIST"
    lists.mkdir()
    (lists / "lockfile").touch()
    for number, item in enumerate(items()):
        ds, step = Dataset(), Dataset()
        for keyword, value in item.items():
            setattr(step if keyword in IN_STEP else ds, keyword, value)
        ds.ScheduledProcedureStepSequence = [step]
        ds.PatientBirthDate = ""
        ds.file_meta = FileMetaDataset()
        ds.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
        ds.file_meta.MediaStorageSOPInstanceUID = f"2.25.78.{number}"
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.save_as(lists / f"{number:03}.wl", enforce_file_format=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [dcmtk_program("wlmscpfs"), "-s", "-dfp", str(folder), str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        yield "WORKLIST", port
    finally:
        running.terminate()
        running.wait()


def ask(findscu, folder, called, port, query, *options):
    """The answers of a worklist to findscu, by the step's ID."""
    folder.mkdir()
    command = [findscu, *options, "-W", "-aet", "CT1", "-aec", called, "-X", "-od", str(folder)]
    for tag in ASKED:
        command += ["-k", f"{tag}={query.get(tag, '')}" if tag in query else tag]
    done = subprocess.run(
        [*command, "127.0.0.1", str(port)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for path in folder.glob("rsp*.dcm"):
        answer = dcmread(path, force=True)
        (step,) = answer.ScheduledProcedureStepSequence
        found[step.ScheduledProcedureStepID] = (
            str(answer.PatientName), answer.PatientID, answer.AccessionNumber, answer.StudyInstanceUID,
            answer.RequestedProcedureID, step.Modality, step.ScheduledStationAETitle,
            step.ScheduledProcedureStepStartDate, str(step.ScheduledPerformingPhysicianName),
        )  # fmt: skip
    return found


def test_our_worklist_answers_as_wlmscpfs_does(  # MWL-01
    ours, theirs, dcmtk_program, tmp_path, wire
):
    findscu = dcmtk_program("findscu")
    sizes = []
    for number, query in enumerate(QUERIES):
        where = ours.ae_title, wire.port(ours)
        here = ask(findscu, tmp_path / f"ours{number}", *where, query, *wire.dcmtk)
        there = ask(findscu, tmp_path / f"theirs{number}", *theirs, query)
        assert here == there, query
        sizes.append(len(here))
    assert sizes[0] == 12
    assert sum(1 for size in sizes if size) >= len(QUERIES) - 2
