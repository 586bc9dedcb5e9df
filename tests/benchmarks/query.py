"""Query and retrieve on the DICOM network: `python -m tests.benchmarks.query`.

Both servers hold the same small studies and one study of 200 CTs. C-FIND is timed on one association
that stays open, by a client that looks at no data set; C-GET by DCMTK's getscu, which drops what it gets,
and C-GET of a study without instances, which is what starting getscu costs, is taken off. C-MOVE goes
to DCMTK's storescp, which drops what it gets too, and is timed in the same way with movescu.
"""

import argparse
import contextlib
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from pydicom import Dataset
from tests import dcmtk
from tests.benchmarks import instances, machine, scale, servers, store
from tests.benchmarks.association import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    Association,
    accepts,
)
from tests.benchmarks.instances import Instance
from tests.benchmarks.web import timed

STUDIES, SLICES, SAMPLES = 5000, 200, 300
COMPUTED = ("ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
ASKED = ("StudyInstanceUID", "PatientName", "StudyTime", "AccessionNumber", "StudyDescription")


def identifier(**keys: str) -> bytes:
    """A Study Root query at study level that asks for computed attributes too."""
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "STUDY"
    for keyword in (*ASKED, *COMPUTED):
        setattr(wanted, keyword, None)
    for keyword, value in keys.items():
        setattr(wanted, keyword, value)
    return instances.encoded(wanted)


def find(server, count: int) -> dict[str, str]:
    """Median and 95th percentile in milliseconds of each kind of query."""
    chance = random.Random(3)
    sample = [Instance(chance.randrange(count)) for _ in range(SAMPLES)]
    contexts = [(STUDY_ROOT_FIND, EXPLICIT_VR_LITTLE_ENDIAN)]
    by_id = [identifier(PatientID=one.patient_id) for one in sample]
    months = {one.study_date[:6] for one in sample}
    by_month = [identifier(StudyDate=f"{month}01-{month}31") for month in sorted(months)] * 10
    found = {}
    with Association(server.host, server.dicom_port, server.ae_title, contexts) as association:
        if len(association.find(by_id[0])) != 1:
            raise RuntimeError("one study has the patient ID")
        found["C-FIND by Patient ID, ms"] = str(timed(association.find, by_id))
        matches = statistics.median(len(association.find(one)) for one in by_month[: len(months)])
        found[f"C-FIND of a month, {matches:.0f} matches, ms"] = str(
            timed(association.find, by_month)
        )
    return found


def get(server, study_instance_uid: str, *, is_there: bool = True) -> float:
    """Seconds of a C-GET by getscu, its start included."""
    begin = time.perf_counter()
    done = subprocess.run(
        [dcmtk.program("getscu"), "-S", "--ignore", "-aec", server.ae_title,
         "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study_instance_uid}",
         server.host, str(server.dicom_port)],
        check=False, capture_output=True, env=servers.NO_DELAY,
    )  # fmt: skip
    if is_there and done.returncode:
        raise RuntimeError(f"getscu ended with {done.returncode}: {done.stderr[-500:]!r}")
    return time.perf_counter() - begin


@contextlib.contextmanager
def sink(ae_title: str):
    """DCMTK's storescp, which drops what it gets; gives its port."""
    port = servers.free_port()
    process = subprocess.Popen(
        [dcmtk.program("storescp"), "--ignore", "--accept-all", "-aet", ae_title, str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=servers.NO_DELAY,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 10
        while not accepts("127.0.0.1", port, ae_title) and time.monotonic() < deadline:
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def move(server, study_instance_uid: str, destination: str) -> float:
    """Seconds of a C-MOVE by movescu, its start included."""
    begin = time.perf_counter()
    done = subprocess.run(
        [dcmtk.program("movescu"), "-S", "-aet", destination, "-aec", server.ae_title,
         "-aem", destination,
         "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study_instance_uid}",
         server.host, str(server.dicom_port)],
        check=False, capture_output=True, env=servers.NO_DELAY,
    )  # fmt: skip
    if done.returncode or b"E:" in done.stderr:
        raise RuntimeError(f"movescu ended with {done.returncode}: {done.stderr[-500:]!r}")
    return time.perf_counter() - begin


def rates(seconds, uid: str, nothing: float) -> str:
    """Median, lowest and highest number of instances a second."""
    found = [SLICES / (seconds(uid) - nothing) for _ in range(7)]
    return f"{statistics.median(found):.0f} ({min(found):.0f}-{max(found):.0f})"


def measure(kind, work: Path, studies: int) -> dict[str, str]:
    with servers.running(kind, work) as server:
        scale.ingest(server, 0, studies)
        folders = instances.write_folders(work / "ct", instances.CT_SIZE, 1, SLICES)
        store.storescu(server, [folders], servers.NO_DELAY)
        found = find(server, studies)
        uid = Instance(instances.CT_SIZE * 1000).study_instance_uid
        nothing = statistics.median(get(server, "2.25.1", is_there=False) for _ in range(5))
        found[f"C-GET of {SLICES} CTs, instances/s"] = rates(
            lambda one: get(server, one), uid, nothing
        )
        with sink("SINK") as port:
            server.know("SINK", port)
            # movescu starts as getscu does.
            found[f"C-MOVE of {SLICES} CTs, instances/s"] = rates(
                lambda one: move(server, one, "SINK"), uid, nothing
            )
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--studies", type=int, default=STUDIES)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        print(machine.describe(Path(folder)), flush=True)
        kinds = (servers.Hounsfield, servers.Orthanc)
        found = [measure(kind, Path(folder), a.studies) for kind in kinds]
    print(f"\n| {a.studies} studies | " + " | ".join(kind.name for kind in kinds) + " |")
    print("|---|---|---|")
    for name in found[0]:
        print(f"| {name} | " + " | ".join(one[name] for one in found) + " |")


if __name__ == "__main__":
    main()
