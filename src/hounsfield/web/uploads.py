"""Takes a file from the browser: a DICOM file or a ZIP archive, streamed into the archive."""

import tempfile
from typing import IO

from hounsfield.archive.access import Principal
from hounsfield.archive.importing import Imported, Outcome, import_zip, not_dicom
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.errors import HounsfieldError, InvalidInstance, OutOfResources, Unavailable
from hounsfield.storage.objects import Spool
from hounsfield.web.models import UploadResult

_ZIP = b"PK\x03\x04"
_HEAD_BYTES = 4096


class Upload:
    """One request's body in pieces; call `finish` at its end and `abandon` in any case."""

    def __init__(self, store: InstanceStore, principal: Principal, name: str) -> None:
        self._store = store
        self._source = Source(principal, "upload", principal.name)
        self._name = name
        self._head = b""
        self._is_decided = False
        self._skip_reason: str | None = None
        self._spool: Spool | None = None
        self._zip: IO[bytes] | None = None

    def feed(self, data: bytes) -> None:
        """Take a piece; raises OutOfResources."""
        if self._is_decided:
            self._write(data)
            return
        self._head += data
        if len(self._head) >= _HEAD_BYTES:
            self._decide()

    def finish(self) -> list[UploadResult]:
        """Store what came and say what became of it; raises OutOfResources and Unavailable."""
        if not self._is_decided:
            self._decide()
        if self._skip_reason is not None:
            return [_result(Imported(self._name, "skipped", self._skip_reason))]
        if self._zip is not None:
            self._zip.seek(0)
            found = import_zip(self._store, self._zip, self._source, self._name)
            return [_result(one) for one in found]
        assert self._spool is not None
        spool, self._spool = self._spool, None
        try:
            stored = self._store.store_instance(spool, self._source)
        except (OutOfResources, Unavailable):
            raise
        except HounsfieldError as problem:
            outcome: Outcome = "skipped" if _is_no_dicom(problem) else "failed"
            return [_result(Imported(self._name, outcome, str(problem)))]
        return [_result(Imported(self._name, stored.outcome, None, stored.identity))]

    def abandon(self) -> None:
        """Drop what was not stored."""
        if self._spool is not None:
            self._spool.discard()
            self._spool = None
        if self._zip is not None:
            self._zip.close()
            self._zip = None

    def _decide(self) -> None:
        """What kind of file it is, by its first bytes."""
        self._is_decided = True
        if self._head.startswith(_ZIP):
            self._zip = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `abandon`
        else:
            # A data set without a preamble may need more than the head to be recognised: `finish` says then.
            self._skip_reason = not_dicom(self._head)
            if self._skip_reason is None:
                self._spool = self._store.spool()
        self._write(self._head)
        self._head = b""

    def _write(self, data: bytes) -> None:
        if self._zip is not None:
            self._zip.write(data)
        elif self._spool is not None:
            self._spool.write(data)


def _is_no_dicom(problem: HounsfieldError) -> bool:
    return isinstance(problem, InvalidInstance) and str(problem).startswith(
        ("not a DICOM", "a DICOMDIR")
    )


def _result(imported: Imported) -> UploadResult:
    identity = imported.identity
    return UploadResult(
        name=imported.name,
        outcome=imported.outcome,
        reason=imported.reason,
        StudyInstanceUID=identity.study_instance_uid if identity else None,
        SOPInstanceUID=identity.sop_instance_uid if identity else None,
        PatientName=identity.patient_name if identity else None,
    )
