"""Every real file: metadata, frames, rendered and thumbnail are right, or a clear refusal, and soon (issue C).

What is right is said by pydicom, which has no part in the server.
"""

import io
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels import pixel_array
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import ImplicitVRLittleEndian
from tests.corpus import CorpusFile
from tests.interop.web import Dicomweb, failures, referenced, split
from tests.live import live_server

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # pydicom's, of files that are wrong
]

FILES_OF_PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"
SOON_S = 5  # twice this is allowed, on a machine that does other things as well; alone it takes fractions
NATIVE = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
RESOURCES = (
    ("/metadata", "application/dicom+json", "application/dicom+json"),
    ("/frames/1", NATIVE, "multipart/related"),
    ("/rendered", "image/jpeg", "image/jpeg"),
    ("/thumbnail", "*/*", "image/"),
)


def read(content: bytes) -> pydicom.Dataset | None:
    """Return what pydicom makes of a file, if anything."""
    try:
        return pydicom.dcmread(io.BytesIO(content), force=True)
    except Exception:  # noqa: BLE001 - of files that are wrong on purpose it raises anything
        return None


def first_frames(dataset: pydicom.Dataset) -> list[bytes]:
    """Return the first frame as pydicom decodes it, if it can: as RGB, and in the colours of the codestream."""
    try:
        decoded = [pixel_array(dataset, index=0, raw=raw) for raw in (False, True)]
    except Exception:  # noqa: BLE001 - as above
        return []
    is_native = not dataset.file_meta.TransferSyntaxUID.is_compressed
    if is_native and dataset.get("PlanarConfiguration") == 1:  # which native frames keep
        decoded = [np.moveaxis(one, -1, 0) for one in decoded]
    return [one.astype(one.dtype.newbyteorder("<")).tobytes() for one in decoded]


class Trial:
    """What was wrong with the answers of one server."""

    def __init__(self, http):
        self.http = http
        self.wrong: list[str] = []
        self.seen: dict[str, int] = {}

    def note(self, what):
        self.wrong.append(what)

    def get(self, path, accept, name):
        begin = time.monotonic()
        answer = self.http.get(path, headers={"Accept": accept})
        took = time.monotonic() - begin
        status = answer.status_code
        if status >= 500:
            self.note(f"{name}: {status} {answer.text[:200]}")
        if status >= 400:
            if took > 2 * SOON_S:
                self.note(f"{name}: refused after {took:.1f} s")
            if not answer.json().get("detail", "").strip():
                self.note(f"{name}: {status} without a word")
        return answer

    def look(self, file, content):
        dataset = read(content)
        for resource, accept, media_type in RESOURCES:
            name = f"{file}{resource}"
            answer = self.get(file.resource + resource, accept, name)
            key = f"{resource} {'right' if answer.status_code == 200 else 'refused'}"
            self.seen[key] = self.seen.get(key, 0) + 1
            if answer.status_code == 200:
                if not answer.headers["content-type"].startswith(media_type):
                    self.note(f"{name}: {answer.headers['content-type']}")
                check = getattr(self, "check_" + resource.split("/")[1])
                check(name, answer, dataset)

    def check_metadata(self, name, answer, dataset):
        (item,) = answer.json()
        if dataset is not None:
            for tag in ("00080018", "0020000D", "0020000E"):
                told = item[tag]["Value"][0]
                if told != str(dataset[tag].value):
                    self.note(f"{name}: {tag} is {told}, not {dataset[tag].value}")

    def check_frames(self, name, answer, dataset):
        (got,) = split(answer)
        if dataset is None or dataset.BitsAllocated not in (8, 16):
            return
        syntax = dataset.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)
        if not syntax.is_compressed and syntax.is_little_endian:
            # no decoder is needed to say what a native frame is: what was sent
            length = get_expected_length(dataset) // int(dataset.get("NumberOfFrames") or 1)
            right, allowed = [dataset.PixelData[:length]], 0
        else:
            # two decoders of a lossy syntax may differ a little
            right, allowed = first_frames(dataset), 2 if syntax.is_compressed else 0
        if not right:
            return
        self.seen["compared"] = self.seen.get("compared", 0) + 1
        kind = f"<{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}"
        away = [
            np.abs(
                np.frombuffer(got[: len(one)], kind).astype(int)
                - np.frombuffer(one, kind).astype(int)
            ).mean()
            if len(got) - len(one) in (0, 1)
            else np.inf
            for one in right
        ]
        if min(away) > allowed:
            self.note(f"{name}: pixels {min(away):.1f} away, {len(got)} bytes of {len(right[0])}")

    def check_rendered(self, name, answer, dataset):
        size = Image.open(io.BytesIO(answer.content)).size
        if dataset is not None and "Rows" in dataset and max(size) < min(dataset.Rows, 16):
            self.note(f"{name}: a picture of {size}")

    def check_thumbnail(self, name, answer, dataset):
        Image.open(io.BytesIO(answer.content)).verify()


def bundled() -> list[CorpusFile]:
    """Return the files that come with pydicom, which need no corpus."""
    found = []
    for path in sorted(FILES_OF_PYDICOM.glob("*.dcm")):
        dataset = read(path.read_bytes())
        uids = [str(dataset.get(k, "")) for k in ("StudyInstanceUID", "SeriesInstanceUID",
                                                  "SOPInstanceUID")]  # fmt: skip
        found.append(CorpusFile(path, "either", str(dataset.get("SOPClassUID", "")), "", *uids))
    return found


def examine(files, folder):
    """Store each file and look at it; where several are one instance, the last is what is shown."""
    newest = {"HOUNSFIELD_DUPLICATES": "replace"}
    with live_server(folder, environment=newest) as running, Dicomweb(running.dicomweb) as web:
        trial = Trial(web.http)
        for file in files:
            content = file.read()
            begin = time.monotonic()
            answer = web.store([content])
            took = time.monotonic() - begin
            if answer.status_code == 200:
                assert file.sop_instance_uid in referenced(answer)
                trial.look(file, content)
            elif answer.status_code >= 500 or not failures(answer):
                trial.note(f"{file}: STOW {answer.status_code} {answer.text[:200]}")
            elif took > 2 * SOON_S:
                trial.note(f"{file}: refused after {took:.1f} s")
        log = running.log.read_text(errors="replace")
        if "Traceback" in log:
            trial.note(log[log.index("Traceback") :][:1500])
    return trial.seen, trial.wrong


def test_every_file_of_the_corpus_is_shown_or_refused(corpus_files, tmp_path):
    # WADO-01, WADO-03, WADO-04, WADO-06
    counts, wrong = examine(corpus_files, tmp_path)
    assert not wrong, "\n".join(wrong)
    assert counts["/metadata right"] > 600
    assert counts["/rendered right"] > 500
    assert counts["compared"] > 450


def test_every_file_that_comes_with_pydicom_is_shown_or_refused(tmp_path):
    counts, wrong = examine(bundled(), tmp_path)
    assert not wrong, "\n".join(wrong)
    assert counts["/metadata right"] > 60
    assert counts["compared"] > 35
