"""Memory while big objects arrive: `python -m tests.benchmarks.memory`.

Ten multi-frame objects of 500 MB come by C-STORE over ten associations at once. Their data sets are
made while they are sent, so nothing large exists but in the archive. VmRSS of each process of the
server is sampled; the claim is that the process that listens for DICOM stays below 250 MB.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks import machine, processes, servers
from tests.benchmarks.association import EXPLICIT_VR_LITTLE_ENDIAN, Association
from tests.benchmarks.instances import (
    CT_SIZE,
    Instance,
    encoded,
    header,
    noise,
    pixel_element_header,
)

ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
LIMIT_MB = 250


def dataset(instance: Instance, frames: int, frame: bytes) -> Iterator[bytes]:
    """Yield an enhanced CT data set, a frame at a time."""
    ds = header(CT_SIZE, frames)
    ds.SOPClassUID = ENHANCED_CT
    yield instance.fill(encoded(ds)) + pixel_element_header(frames * len(frame))
    for number in range(frames):
        yield number.to_bytes(4, "little") + frame[4:]


def send(server, study: int, frames: int, frame: bytes) -> None:
    contexts = [(ENHANCED_CT, EXPLICIT_VR_LITTLE_ENDIAN)]
    instance = Instance(study)
    with Association(
        server.host, server.dicom_port, server.ae_title, contexts, timeout_s=600
    ) as association:
        data = dataset(instance, frames, frame)
        if status := association.store(ENHANCED_CT, instance.sop_instance_uid, data):
            raise RuntimeError(f"C-STORE status {status:04X}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder on the disk to measure")
    parser.add_argument("--objects", type=int, default=10)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="objects of 20 MB: a smoke test")
    parser.add_argument("--server", choices=sorted(servers.KINDS), default="hounsfield")
    a = parser.parse_args()
    frame = noise(CT_SIZE)
    frames = (20 if a.quick else a.megabytes) * 10**6 // len(frame) + 1
    size_mb = frames * len(frame) / 1e6
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        work = Path(folder)
        print(machine.describe(work), flush=True)
        with servers.running(servers.KINDS[a.server], work) as server:
            dimse = processes.listening_pid(server.group, server.dicom_port)
            pids = processes.members(server.group)
            idle = processes.memory_mib(dimse)
            begin = time.perf_counter()
            with (
                processes.MemorySampler(pids) as sampler,
                ThreadPoolExecutor(a.objects) as pool,
            ):
                list(pool.map(lambda n: send(server, n, frames, frame), range(a.objects)))
            seconds = time.perf_counter() - begin
            high = processes.memory_mib(dimse, "VmHWM")
            if server.number_of_instances() != a.objects:
                sys.exit("not all objects arrived")
    peak_mb = max(sampler.peaks[dimse], high) * 2**20 / 1e6
    others = [v for pid, v in sampler.peaks.items() if pid != dimse]
    print(f"\n| {a.objects} objects of {size_mb:.0f} MB at once, {a.server} | |\n|---|---|")
    print(f"| DICOM process, idle | {idle * 2**20 / 1e6:.0f} MB |")
    print(f"| DICOM process, highest | **{peak_mb:.0f} MB** (wanted: below {LIMIT_MB}) |")
    print(f"| other processes, highest, each | {', '.join(f'{v:.0f}' for v in others)} MiB |")
    print(f"| rate | {a.objects * size_mb / seconds:.0f} MB/s |")
    if a.server == "hounsfield" and peak_mb >= LIMIT_MB:
        sys.exit(1)


if __name__ == "__main__":
    main()
