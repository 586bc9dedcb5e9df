"""The job that pulls a study from another archive, by C-GET or C-MOVE to ourselves (PS3.4 C.4.2, C.4.3).

It asks first what the study consists of, and then only for what is not here: a pull that was interrupted goes on.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from hounsfield.archive.access import Principal
from hounsfield.archive.store import InstanceStore
from hounsfield.dicom.query import Level
from hounsfield.dicom.sop_classes import (
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from hounsfield.dimse.association import Association
from hounsfield.dimse.browsing import FIND_CONTEXTS, Contents, contents_of
from hounsfield.dimse.command import Command
from hounsfield.dimse.scp.store_scp import StoreScp
from hounsfield.dimse.scu.get_scu import (
    can_receive,
    classes_of,
    get,
    storage_contexts,
    storage_roles,
)
from hounsfield.dimse.scu.move_scu import move
from hounsfield.dimse.scu.operation import failure_of
from hounsfield.dimse.scu.requestor import MAX_CONTEXTS, MESSAGE_SYNTAXES, ScuAssociation, Target
from hounsfield.dimse.scu.retrieval import Retrieval, retrieve_identifier
from hounsfield.dimse.status import Status, StatusClass, class_of, describe
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.transport import TimeLimits
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError, NotAcceptable, NotFound, Refused, Unavailable
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.index.site.sent import SentInstance, SentInstances
from hounsfield.jobs.handlers import RunningJob

Method = Literal["auto", "get", "move"]

# An archive may have to fetch a study from tape before its first response.
_TIMES = TimeLimits(artim_s=30.0, pdu_s=60.0, idle_s=600.0)
_GETS = (STUDY_ROOT_GET, PATIENT_ROOT_GET)
_MOVES = (STUDY_ROOT_MOVE, PATIENT_ROOT_MOVE)
_RETRIEVE_CONTEXTS = [(uid, MESSAGE_SYNTAXES) for uid in (*_GETS, *_MOVES)]
_UIDS_AT_ONCE = 50
_MAX_SKIPPED_BYTES = 1 << 30
# A peer may say that all is sent before the last answer of ours has reached it.
_ARRIVAL_S, _LOOK_S = 3.0, 0.1
_MOST_REASONS = 3
_OTHER_WAY_ROUND = 3


@dataclass(frozen=True, slots=True)
class OurAddress:
    """How a peer reaches us, which it has to know to send to us."""

    ae_title: str
    port: int


class Pulling:
    """Carries out pulls. ``results`` keeps which instances did not come."""

    def __init__(
        self,
        store: InstanceStore,
        peers: Peers,
        ours: OurAddress,
        results: SentInstances | None = None,
    ) -> None:
        self.store = store
        self.ours = ours
        self.results = results
        self._peers = peers

    def __call__(self, job: RunningJob) -> str:
        """Carry out a job. Raises Unavailable where trying again may help, other errors where it does not."""
        peer = self._peers.by_name(job.lane)
        if peer is None:
            raise NotFound(f"there is no peer {job.lane!r} any more")
        return self.pull(peer, job)

    def pull(self, peer: Peer, job: RunningJob) -> str:
        """Pull what a job names from a peer, which need not be one that we keep; errors as above."""
        return _Pull(self, peer, job).run()


def classes_in(contents: Contents) -> list[str]:
    """The SOP classes to expect of a study: those that the peer told, and others unless it has told all."""
    told = contents.sop_class_uids
    knows_all = contents.is_whole and all(
        uid for instances in contents.series.values() for uid in instances.values()
    )
    return told if knows_all else list(dict.fromkeys((*told, *classes_of(contents.modalities))))


class _Pull:
    def __init__(self, parts: Pulling, peer: Peer, job: RunningJob) -> None:
        self._parts = parts
        self._peer = peer
        self._name = peer.name or peer.ae_title
        self._job = job
        self._study = job.study_instance_uid
        self._series = tuple(str(uid) for uid in job.arguments.get("series", ()))
        self._method: Method = job.arguments.get("method", "auto")
        self._target: Target = replace(target_of(peer, parts.ours.ae_title), times=_TIMES)
        self._store_scp = StoreScp(
            parts.store, max_skipped_bytes=_MAX_SKIPPED_BYTES, within_study=self._study
        )
        self._contents = Contents()
        self._expected: set[str] = set()
        self._came = 0
        self._reported = 0
        self._failed = 0
        self._is_moving = False
        # Why an instance is not here: the status, and words.
        self._reasons: dict[str, tuple[int | None, str]] = {}
        self._problem: HounsfieldError | None = None

    def run(self) -> str:
        """Pull, and say what came of it."""
        self._contents = self._ask()
        self._expected = (
            self._contents.sop_instance_uids if self._contents.is_whole else self._expected
        )
        before = self._here()
        self._came = len(before & self._expected) if self._expected else len(before)
        self._tell(Retrieval())
        if self._expected and self._expected <= before:
            return self._end(f"all {len(self._expected)} are here already")
        if self._job.is_stopped():
            return self._stopped()
        with self._associate() as scu:
            scu.association.principal = Principal(
                self._peer.ae_title, "peer", self._peer.host, frozenset({"store"})
            )
            for is_get in self._methods(scu):
                self._retrieve(scu, is_get=is_get)
                if self._is_over() or not scu.association.is_established:
                    break
        return self._verdict(before)

    # -- the association ------------------------------------------------------------------------------

    def _ask(self) -> Contents:
        """What the study consists of, as far as the peer can tell."""
        try:
            with ScuAssociation(self._target, FIND_CONTEXTS) as scu:
                return contents_of(
                    scu,
                    self._peer,
                    self._study,
                    series_instance_uids=self._series,
                    patient_id=str(self._job.arguments.get("patient_id", "")),
                    is_stopped=self._job.is_stopped,
                )
        except Refused as problem:
            # Who rejects us today may know us tomorrow: somebody has to set that up first.
            raise Unavailable(str(problem)) from problem
        except NotAcceptable:  # it can only be retrieved from
            return Contents(patient_id=str(self._job.arguments.get("patient_id", "")))

    def _associate(self) -> ScuAssociation:
        contents = self._contents
        storage = storage_contexts(classes_in(contents), MAX_CONTEXTS - len(_RETRIEVE_CONTEXTS))
        if self._method == "move":
            storage = []
        try:
            return ScuAssociation(
                self._target, [*_RETRIEVE_CONTEXTS, *storage], roles=storage_roles(storage)
            )
        except Refused as problem:
            raise Unavailable(str(problem)) from problem

    def _methods(self, scu: ScuAssociation) -> list[bool]:
        """The ways to retrieve, C-GET being True, the better one first."""
        offered = {abstract_syntax for abstract_syntax, _syntax in scu.accepted}
        methods = []
        if self._method in {"auto", "get"} and offered & set(_GETS) and can_receive(scu):
            methods.append(True)
        if self._method in {"auto", "move"} and offered & set(_MOVES):
            methods.append(False)
        if not methods:
            what = {"get": "no C-GET", "move": "no C-MOVE"}.get(
                self._method, "neither C-GET nor C-MOVE"
            )
            raise NotAcceptable(f"{scu.target} offers us {what}: nothing can be pulled from it")
        if self._job.attempt % _OTHER_WAY_ROUND == 0:
            methods.reverse()  # a peer that breaks off at one may be good at the other
        return methods

    # -- retrieving -------------------------------------------------------------------------------------

    def _retrieve(self, scu: ScuAssociation, *, is_get: bool) -> None:
        offered = {abstract_syntax for abstract_syntax, _syntax in scu.accepted}
        root = next(uid for uid in (_GETS if is_get else _MOVES) if uid in offered)
        self._problem = None
        self._is_moving = not is_get
        self._reported = self._failed = 0
        here = self._here()
        self._came = len(here & self._expected) if self._expected else len(here)
        for identifier in self._identifiers(has_patient=root in {_GETS[1], _MOVES[1]}):
            if is_get:
                retrieval = get(
                    scu,
                    root,
                    identifier,
                    self._on_c_store,
                    charset=self._peer.character_set,
                    is_stopped=self._job.is_stopped,
                    on_progress=self._tell,
                )
            else:
                retrieval = move(
                    scu,
                    root,
                    identifier,
                    self._parts.ours.ae_title,
                    charset=self._peer.character_set,
                    is_stopped=self._job.is_stopped,
                    on_progress=self._tell,
                )
            self._take(scu, retrieval)
            if self._problem is not None or self._job.is_stopped():
                break
        if not is_get:
            self._wait(here)

    def _identifiers(self, *, has_patient: bool) -> Iterator[dict[str, Any]]:
        """What to ask for: the study or whole series where nothing is here, else what is missing."""
        contents = self._contents
        patient_id = contents.patient_id if has_patient else None
        if has_patient and not patient_id:
            raise Refused(f"{self._name} wants the Patient ID of the study, too")
        here = self._here()

        def of(level: Level, series: str = "", instances: Sequence[str] = ()) -> dict[str, Any]:
            return retrieve_identifier(
                level,
                study_instance_uid=self._study,
                patient_id=patient_id,
                series_instance_uid=series,
                sop_instance_uids=instances,
            )

        if not self._series and (not contents.is_whole or not here & self._expected):
            yield of(Level.STUDY)
            return
        if not contents.is_whole:
            for series in self._series:
                yield of(Level.SERIES, series)
            return
        for series, instances in contents.series.items():
            missing = [uid for uid in instances if uid not in here]
            if len(missing) == len(instances):
                yield of(Level.SERIES, series)
                continue
            for at in range(0, len(missing), _UIDS_AT_ONCE):
                yield of(Level.IMAGE, series, missing[at : at + _UIDS_AT_ONCE])

    def _on_c_store(
        self, association: Association, context: AcceptedContext, command: Command
    ) -> Command:
        """Store an instance that comes by C-GET; of another study nothing was asked for."""
        answer = self._store_scp.on_c_store(association, context, command)
        if class_of(answer.status) is StatusClass.FAILURE:
            words = f"refused here: {answer.error_comment or describe(answer.status)}"
            self._reasons[command.affected_sop_instance_uid] = (answer.status, words)
        return answer

    def _take(self, scu: ScuAssociation, retrieval: Retrieval) -> None:
        """Take the result of one retrieval in."""
        response = retrieval.response
        assert response is not None
        self._reported += retrieval.done
        self._came += retrieval.done
        self._failed += retrieval.failed
        status = response.status
        for uid in retrieval.failed_uids:
            self._reasons.setdefault(uid, (status, f"{self._name} could not send it"))
        if status == Status.MOVE_DESTINATION_UNKNOWN:
            ours = self._parts.ours
            raise Refused(
                f"{self._name} does not know where {ours.ae_title} is (A801). Enter there the AE title"
                f" {ours.ae_title} with the address of this machine and port {ours.port}"
            )
        if class_of(status) is StatusClass.FAILURE:
            self._problem = failure_of(scu, response)

    # -- what is here -------------------------------------------------------------------------------------

    def _here(self) -> set[str]:
        located = self._parts.store.index.locate(self._study)
        return {
            one.sop_instance_uid
            for one in located
            if not self._series or one.series_instance_uid in self._series
        }

    def _wait(self, before: set[str]) -> None:
        """Wait a moment for what the peer says it has sent us by C-MOVE."""
        until = time.monotonic() + _ARRIVAL_S
        while time.monotonic() < until:
            here = self._here()
            if len(here - before) >= self._reported or self._expected <= here:
                return
            time.sleep(_LOOK_S)

    def _is_over(self) -> bool:
        if self._job.is_stopped():
            return True
        if self._expected:
            return self._expected <= self._here()
        return self._problem is None and not self._failed

    def _tell(self, retrieval: Retrieval) -> None:
        done = self._came + retrieval.done
        total = len(self._expected) or done + retrieval.remaining + retrieval.failed
        failed = self._failed + retrieval.failed
        self._job.progress(min(done, total), total, f"{failed} failed" if failed else "")

    # -- the end ----------------------------------------------------------------------------------------

    def _verdict(self, before: set[str]) -> str:
        here = self._here()
        missing = self._expected - here
        total = len(self._expected) or len(here)
        self._job.progress(total - len(missing), total)
        if self._job.is_stopped() and (missing or not self._expected):
            return self._stopped()
        self._note(missing)
        came = len(here - before)
        if missing and not came and self._is_moving and self._reported and not self._reasons:
            ours = self._parts.ours
            raise Refused(
                f"{self._name} says that it sent {self._reported}, but nothing came: it has another address"
                f" for {ours.ae_title} than this machine with port {ours.port}"
            )
        if missing or (self._failed and not self._expected):
            raise self._shortfall(len(missing) or self._failed, total)
        if self._problem is not None and not self._expected:
            raise self._problem
        if not here:
            raise NotFound(f"{self._name} has no such study")
        known = f", {total - came} were here already" if total > came else ""
        return self._end(f"{came} pulled from {self._name}{known}")

    def _shortfall(self, number: int, total: int) -> HounsfieldError:
        """The error where not all came: one that is tried again if the reason may pass."""
        reasons = Counter(words for _status, words in self._reasons.values())
        words = [text for text, _number in reasons.most_common(_MOST_REASONS)]
        if self._problem is not None:
            words.insert(0, str(self._problem))
        text = f"{number} of {total} did not come: {'; '.join(words) or 'no reason was given'}"
        may_pass = isinstance(self._problem, Unavailable) or any(
            status is not None and status >> 8 == 0xA7 for status, _words in self._reasons.values()
        )
        return Unavailable(text) if may_pass else Refused(text)

    def _stopped(self) -> str:
        total = len(self._expected)
        if not total:
            self._job.progress(self._came, 0)  # how much there was to do, nobody told
            return "stopped"
        return f"stopped after {len(self._here() & self._expected)} of {total}"

    def _end(self, text: str) -> str:
        self._job.progress(len(self._expected) or self._came, len(self._expected) or self._came)
        self._note(set())
        return text

    def _note(self, missing: set[str]) -> None:
        """Keep which instances did not come, for whoever looks at the job; those of earlier tries came since."""
        results = self._parts.results
        if results is None:
            return
        now_us = time.time_ns() // 1000
        earlier = {one.sop_instance_uid for one in results.of_job(self._job.id)}
        noted = []
        for uid in sorted(missing | earlier):
            status, text = self._reasons.get(uid, (None, f"{self._name} did not send it"))
            is_here = uid not in missing
            noted.append(
                SentInstance(
                    uid, "", self._study, is_here, status, "here now" if is_here else text, now_us
                )
            )
        results.note(self._job.id, self._job.lane, noted)
