"""The test of a peer, step by step from its settings to a round trip; each step has a time limit."""

import dataclasses
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hounsfield.archive.site.addresses import is_network
from hounsfield.archive.site.peers import CHECKS, Check, CheckName
from hounsfield.dicom.sop_classes import VERIFICATION
from hounsfield.dimse.doctor import offers
from hounsfield.dimse.doctor.diagnosis import of_connection_error, of_first_bytes
from hounsfield.dimse.doctor.findings import Finding, say
from hounsfield.dimse.doctor.probes import (
    banner_of,
    first_answer,
    is_ours,
    resolve,
    speaks_dicom,
    speaks_tls,
)
from hounsfield.dimse.doctor.tls_findings import TLS_FINDINGS
from hounsfield.dimse.records import Recording
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation, Target, echo_over
from hounsfield.dimse.status import describe
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.tls import has_certificates
from hounsfield.dimse.transport import TimeLimits
from hounsfield.errors import HounsfieldError, NotAcceptable
from hounsfield.index.site.records import AssociationRecord, Peer, Recorder

STEP_S = 4.0
WHOLE_S = 27.0


@dataclass(frozen=True, slots=True)
class OurSide:
    """What the peer meets here: our AE title, and the ports of our own server."""

    ae_title: str
    ports: tuple[int, ...] = ()


class _Witness:
    """Keeps the last recording for the test itself, and passes it on."""

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._last: Recording | None = None

    def note(self, recording: Recording) -> None:
        """Hear of a recording."""
        self._last = recording
        recording.remark(is_test=True)
        if self._recorder is not None:
            self._recorder.note(recording)

    def finding(self, problem: Exception) -> Finding:
        """What the doctor says about the last association, or else the problem itself."""
        record = self.record
        return Finding(record.finding, record.reason or str(problem), record.advice)

    @property
    def record(self) -> AssociationRecord:
        """The last association as it is now."""
        return AssociationRecord("out", 0) if self._last is None else self._last.record()


class _Failed(Exception):
    """A step that makes those behind it impossible."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.text)
        self.check = check


def check_peer(
    peer: Peer,
    ours: OurSide,
    *,
    stores: bool = False,
    recorder: Recorder | None = None,
    step_s: float = STEP_S,
) -> list[Check]:
    """Test a peer; with ``stores``, a small test object is stored there, which stays.

    There is one check for each name of `CHECKS`, in their order; those behind a failed one are skipped.
    """
    done: dict[CheckName, Check] = {}
    try:
        for check in _Test(peer, ours, recorder, step_s=step_s, stores=stores).steps():
            done[check.name] = check
    except _Failed as failed:
        done[failed.check.name] = failed.check
    return [done.get(name, Check(name, "skipped", "not reached")) for name in CHECKS]


class _Test:
    def __init__(
        self, peer: Peer, ours: OurSide, recorder: Recorder | None, *, step_s: float, stores: bool
    ) -> None:
        self._peer = peer
        self._ours = ours
        self._step_s = step_s
        self._stores = stores
        self._deadline = time.monotonic() + WHOLE_S
        self._began = time.monotonic()
        self._witness = _Witness(recorder or peer.recorder)
        self._values: dict[str, Any] = {
            "peer": peer.name or peer.ae_title,
            "host": peer.host or "",
            "port": peer.port or "",
            "called": peer.ae_title,
            "calling": ours.ae_title,
            "ours": ours.ae_title,
            "seconds": f"{step_s:g}",
        }

    def steps(self) -> Iterator[Check]:
        """Carry the test out; raises _Failed."""
        yield self._settings()
        yield self._address()
        yield self._connection()
        with self._associate([(VERIFICATION, MESSAGE_SYNTAXES)]) as scu:
            is_tls = self._peer.uses_tls
            text = "the certificates are in order" if is_tls else "the peer is called without TLS"
            yield self._check("tls", "ok" if is_tls else "skipped", text)
            yield self._check("association", "ok", f"{self._values['peer']} lets us in")
            yield self._echo(scu)
        yield from self._contexts()

    # -- results --------------------------------------------------------------------------------------

    def _check(self, name: CheckName, state: Any, text: str, advice: str = "") -> Check:
        now = time.monotonic()
        milliseconds = round((now - self._began) * 1000, 1)
        self._began = now
        return Check(name, state, text, advice, milliseconds)

    def _found(
        self,
        name: CheckName,
        code: str,
        values: Mapping[str, Any] | None = None,
        state: str = "failed",
    ) -> Check:
        finding = say(code, {**self._values, **(values or {})})
        return self._of(name, finding, state)

    def _of(self, name: CheckName, finding: Finding, state: str = "failed") -> Check:
        return self._check(name, state, finding.reason, finding.advice)

    def _left_s(self) -> float:
        return max(0.1, min(self._step_s, self._deadline - time.monotonic()))

    # -- steps ----------------------------------------------------------------------------------------

    def _settings(self) -> Check:
        peer = self._peer
        if peer.host is None:
            raise _Failed(self._found("settings", "no-host"))
        if is_network(peer.host):
            raise _Failed(self._found("settings", "network"))
        if peer.port is None:
            raise _Failed(self._found("settings", "no-port"))
        if peer.ae_title == self._ours.ae_title:
            return self._found("settings", "same-title", state="warning")
        if peer.requires_tls and (peer.tls is None or not has_certificates(peer.tls.folder)):
            return self._found("settings", "tls-only-without-tls", state="warning")
        return self._check("settings", "ok", f"{peer.ae_title} at {peer.host}:{peer.port}")

    def _address(self) -> Check:
        host, port = str(self._peer.host), self._peer.port
        try:
            addresses = resolve(host, self._left_s())
        except OSError as error:
            raise _Failed(
                self._found("address", "their-name", {"text": error.strerror or error})
            ) from error
        if port in self._ours.ports and any(is_ours(address) for address in addresses):
            raise _Failed(self._found("address", "ourselves"))
        shown = ", ".join(addresses[:4])
        return self._check("address", "ok", shown if shown != host else f"{host} is an address")

    def _connection(self) -> Check:
        host, port = str(self._peer.host), int(self._peer.port or 0)
        try:
            with socket.create_connection((host, port), self._left_s()) as sock:
                first = banner_of(sock)
        except OSError as error:
            values = {"text": error.strerror or str(error)}
            raise _Failed(self._found("connection", of_connection_error(error), values)) from error
        if first:
            code, shown = of_first_bytes(first, is_in=False)
            raise _Failed(self._found("connection", code, {"bytes": shown}))
        return self._check("connection", "ok", f"something listens at {host}:{port}")

    def _target(self) -> Target:
        limit_s = self._left_s()
        times = TimeLimits(artim_s=limit_s, pdu_s=limit_s, idle_s=limit_s)
        target = target_of(self._peer, self._ours.ae_title)
        return dataclasses.replace(target, recorder=self._witness, connect_s=limit_s, times=times)

    def _associate(self, contexts: list[tuple[str, tuple[str, ...]]]) -> ScuAssociation:
        try:
            return ScuAssociation(self._target(), contexts)
        except HounsfieldError as problem:
            record = self._witness.record
            code = self._look_closer(record.finding)
            name: CheckName = "tls" if record.finding in TLS_FINDINGS else "association"
            if code != record.finding:
                raise _Failed(self._found(name, code, record.details)) from problem
            raise _Failed(self._of(name, self._witness.finding(problem))) from problem

    def _look_closer(self, code: str) -> str:
        """Where the peer said nothing that tells why, find out what speaks there."""
        host, port = str(self._peer.host), int(self._peer.port or 0)
        if code in {"their-certificate-gone", "their-certificate-silent"}:
            titles = self._ours.ae_title, self._peer.ae_title
            return "their-plain" if speaks_dicom(host, port, self._left_s(), *titles) else code
        if code not in {"their-drop", "their-silence", "their-protocol-error"}:
            return code
        if not self._peer.uses_tls and speaks_tls(host, port, self._left_s()):
            return "their-tls"
        return first_answer(host, port, self._left_s()) or code

    def _echo(self, scu: ScuAssociation) -> Check:
        try:
            status = echo_over(scu)
        except NotAcceptable:
            return self._found("echo", "their-no-verification", state="warning")
        except HounsfieldError as problem:
            return self._of("echo", self._witness.finding(problem))
        if status:
            values = {"statuses": f"C-ECHO {describe(status)}"}
            return self._found("echo", "their-failure", values)
        return self._check("echo", "ok", f"{self._values['peer']} answered")

    def _contexts(self) -> Iterator[Check]:
        with self._associate(offers.proposals()) as scu:
            taken = offers.Taken(scu.accepted)
            if taken.takes_storage:
                yield self._check("contexts", "ok", taken.in_words())
            else:
                finding = say("their-no-storage", self._values)
                text = f"{finding.reason} {taken.in_words()}".strip()
                yield self._check("contexts", "warning", text, finding.advice)
            if not self._stores:
                text = "not asked for: it would leave a test object at the peer"
                yield self._check("round-trip", "skipped", text)
                return
            yield self._round_trip(scu)

    def _round_trip(self, scu: ScuAssociation) -> Check:
        try:
            result = offers.round_trip(scu)
        except NotAcceptable as problem:
            return self._check("round-trip", "skipped", str(problem))
        except HounsfieldError as problem:
            return self._of("round-trip", self._witness.finding(problem))
        if result.status:
            return self._of("round-trip", self._witness.finding(Exception(describe(result.status))))
        if result.is_found is False:
            values = {"patient": offers.PATIENT_ID}
            return self._found("round-trip", "their-loss-of-objects", values, state="warning")
        text = "a test object was stored" + (" and found again" if result.is_found else "")
        return self._check("round-trip", "ok", f"{text} (patient {offers.PATIENT_ID})")
