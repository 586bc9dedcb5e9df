"""Asks other archives what they have: one query of a person, or all that a study consists of (PS3.4 C.4.1, C.6)."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hounsfield.archive.site.remote import (
    MOST_MATCHES,
    RemoteAnswer,
    RemoteQuery,
    identifier_of,
    missing_above,
    value_of,
)
from hounsfield.dicom.query import Level
from hounsfield.dicom.sop_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from hounsfield.dimse.identifier import is_relational
from hounsfield.dimse.scu.find_scu import Find
from hounsfield.dimse.scu.operation import never
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation, Target
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.transport import TimeLimits
from hounsfield.errors import InvalidQuery, NotAcceptable, Unavailable
from hounsfield.index.site.records import Peer

FIND_CONTEXTS = [(STUDY_ROOT_FIND, MESSAGE_SYNTAXES), (PATIENT_ROOT_FIND, MESSAGE_SYNTAXES)]
# PS3.4 C.5.1.1.1: relational queries, and nothing else, are asked for.
_RELATIONAL = b"\1"
_CONNECT_S = 5.0
_PATIENT_KEYWORDS = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_LEAST_S = 0.5
_MOST_OF_A_STUDY = 200_000


def answering_within(target: Target, seconds: float) -> Target:
    """A target whose peer may take no longer than this for any answer."""
    times = TimeLimits(artim_s=min(10.0, seconds), pdu_s=seconds, idle_s=seconds)
    return dataclasses.replace(target, connect_s=min(_CONNECT_S, seconds), times=times)


class PeerBrowser:
    """Asks peers on behalf of people; may be called from any thread."""

    def __init__(self, our_ae_title: str) -> None:
        self._our_ae_title = our_ae_title

    def __call__(self, peer: Peer, query: RemoteQuery) -> RemoteAnswer:
        """Ask one query. Raises InvalidQuery, NotAcceptable, Refused, Unavailable."""
        if not 0 < query.limit <= MOST_MATCHES:
            raise InvalidQuery(f"{query.limit} matches: 1 to {MOST_MATCHES} are possible")
        identifier_of(query)  # whoever asks nonsense hears it at once
        begun = time.monotonic()
        target = answering_within(target_of(peer, self._our_ae_title), query.within_s)
        asking = _Asking(peer, query, begun + query.within_s)
        with _find_association(target, query) as scu:
            matches = list(asking.answers(scu))
        taken_ms = round((time.monotonic() - begun) * 1000, 1)
        return RemoteAnswer(matches, asking.has_more, taken_ms, asking.warnings())


def _find_association(target: Target, query: RemoteQuery) -> ScuAssociation:
    """An association for queries; relational ones are negotiated only where the query needs it (NET-07).

    Some old peers stumble over what they do not know, so nobody is asked without need.
    """
    extended = None
    if missing_above(query.level, query.match, Level.STUDY):
        extended = {STUDY_ROOT_FIND: _RELATIONAL}
    return ScuAssociation(target, FIND_CONTEXTS, extended=extended)


class _Asking:
    """One query of a person while it is asked, by as many C-FINDs as the peer's information model needs."""

    def __init__(self, peer: Peer, query: RemoteQuery, until: float) -> None:
        self._peer = peer
        self._query = query
        self._until = until
        self._finds: list[Find] = []
        self.has_more = False

    def answers(self, scu: ScuAssociation) -> Iterator[dict[str, Any]]:
        """All answers, bounded by number and time."""
        query = self._query
        root, top = root_of(scu, query.level)
        missing = missing_above(query.level, query.match, top)
        if missing and not is_relational(scu.context_for(root).application_information):
            if missing == ["PatientID"] and query.level is Level.STUDY:
                return self._by_patient(scu)
            raise InvalidQuery(
                f"{self._peer.name or scu.target} wants {' and '.join(missing)} for a query at {query.level} level"
            )
        return self._find(scu, root, query, query.limit)

    def _by_patient(self, scu: ScuAssociation) -> Iterator[dict[str, Any]]:
        """Studies where only Patient Root is offered: first the patients, then the studies of each (C.4.1.3.1.1)."""
        query, left = self._query, self._query.limit
        match = {k: v for k, v in query.match.items() if k in _PATIENT_KEYWORDS}
        patients = dataclasses.replace(query, level=Level.PATIENT, match=match)
        below = {k: v for k, v in query.match.items() if k not in _PATIENT_KEYWORDS}
        found = list(self._find(scu, PATIENT_ROOT_FIND, patients, query.limit))
        for patient in found:
            if left <= 0:
                self.has_more = True
                return
            patient_id = str(value_of(patient, "PatientID"))
            if not patient_id:
                continue
            studies = dataclasses.replace(query, match=below | {"PatientID": patient_id})
            for study in self._find(scu, PATIENT_ROOT_FIND, studies, left):
                left -= 1
                yield patient | study

    def _find(
        self, scu: ScuAssociation, root: str, query: RemoteQuery, limit: int
    ) -> Iterator[dict[str, Any]]:
        within_s = self._until - time.monotonic()
        if within_s <= _LEAST_S:
            self.has_more = True
            return
        find = Find(
            scu,
            root,
            identifier_of(query),
            limit=limit,
            charset=self._peer.character_set,
            within_s=within_s,
        )
        self._finds.append(find)
        number = 0
        try:
            for answer in find:
                number += 1
                yield answer
        except Unavailable:
            if not number:
                raise
            self.has_more = True  # what came before the peer fell silent is worth showing
        self.has_more |= find.has_more or find.is_late

    def warnings(self) -> list[str]:
        """What a person should know of the answers."""
        name = self._peer.name or self._peer.ae_title
        is_selective = any(self._query.match.values())
        found = (one.warnings(name, is_selective=is_selective) for one in self._finds)
        return list(dict.fromkeys(warning for some in found for warning in some))


def root_of(scu: ScuAssociation, level: Level) -> tuple[str, Level]:
    """The query class to use for a level and the top level of its model: Study Root, or else Patient Root.

    Raises NotAcceptable.
    """
    classes = {abstract_syntax for abstract_syntax, _syntax in scu.accepted}
    if STUDY_ROOT_FIND in classes and level is not Level.PATIENT:
        return STUDY_ROOT_FIND, Level.STUDY
    if PATIENT_ROOT_FIND in classes:
        return PATIENT_ROOT_FIND, Level.PATIENT
    if STUDY_ROOT_FIND in classes:
        raise NotAcceptable(f"{scu.target} has no patients to be asked for, only studies")
    raise NotAcceptable(f"{scu.target} cannot be queried: it offers no C-FIND")


@dataclasses.dataclass(slots=True)
class Contents:
    """What a peer says a study consists of: SOP Class UID by SOP Instance UID, for each series."""

    series: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    modalities: set[str] = dataclasses.field(default_factory=set)
    patient_id: str = ""
    # Whether all instances are known by their UIDs.
    is_whole: bool = False

    @property
    def sop_instance_uids(self) -> set[str]:
        """All instances."""
        return {uid for instances in self.series.values() for uid in instances}

    @property
    def sop_class_uids(self) -> list[str]:
        """All SOP classes that the peer told."""
        classes = (uid for instances in self.series.values() for uid in instances.values() if uid)
        return list(dict.fromkeys(classes))


def contents_of(
    scu: ScuAssociation,
    peer: Peer,
    study_instance_uid: str,
    *,
    series_instance_uids: tuple[str, ...] = (),
    patient_id: str = "",
    is_stopped: Callable[[], bool] = never,
) -> Contents:
    """Ask for the series of a study and the instances of each.

    A peer that cannot be asked at the lower levels leaves the contents not whole. Raises NotAcceptable, Unavailable.
    """
    contents = Contents(patient_id=patient_id)
    root, top = root_of(scu, Level.STUDY)
    listing = _Listing(scu, peer, contents, root, top, is_stopped)
    study = {"StudyInstanceUID": study_instance_uid}
    try:
        if top is Level.STUDY or patient_id:
            for answer in listing.ask(Level.STUDY, study):
                contents.patient_id = str(value_of(answer, "PatientID")) or patient_id
                contents.modalities.update(map(str, value_of(answer, "ModalitiesInStudy")))
        listing.list_series(study, series_instance_uids)
    except (InvalidQuery, NotAcceptable, Unavailable):
        if not scu.association.is_established:
            raise  # it is not the level that the peer cannot be asked at
    contents.modalities.discard("")
    return contents


@dataclasses.dataclass(slots=True)
class _Listing:
    scu: ScuAssociation
    peer: Peer
    contents: Contents
    root: str
    top: Level
    is_stopped: Callable[[], bool]

    def ask(self, level: Level, match: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The answers to one C-FIND as they come; raises Unavailable at the end if they are not all."""
        given = {"PatientID": self.contents.patient_id} if self.top is Level.PATIENT else {}
        find = Find(
            self.scu,
            self.root,
            identifier_of(RemoteQuery(level, {**given, **match})),
            limit=_MOST_OF_A_STUDY,
            charset=self.peer.character_set,
            is_stopped=self.is_stopped,
        )
        yield from find
        if find.unreadable or find.has_more or self.is_stopped():
            raise Unavailable(f"{self.scu.target} did not tell all of the study")

    def list_series(self, study: Mapping[str, str], wanted: tuple[str, ...]) -> None:
        """Fill in the series, those that are wanted, and the instances of each."""
        contents = self.contents
        for answer in self.ask(Level.SERIES, study):
            series = str(value_of(answer, "SeriesInstanceUID"))
            if series and (not wanted or series in wanted):
                contents.modalities.add(str(value_of(answer, "Modality")))
                contents.series[series] = {}
        for series, instances in contents.series.items():
            for answer in self.ask(Level.IMAGE, {**study, "SeriesInstanceUID": series}):
                if uid := str(value_of(answer, "SOPInstanceUID")):
                    instances[uid] = str(value_of(answer, "SOPClassUID"))
        contents.is_whole = bool(contents.series) and all(contents.series.values())
