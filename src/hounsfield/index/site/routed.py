"""What a routing rule is true of, and the jobs that it makes of that."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import exists, func, or_, select, true, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hounsfield.index import schema
from hounsfield.index.site.jobs import NewJob, add, job

st, se, i = schema.study, schema.series, schema.instance
_JOINED = i.join(se, se.c.id == i.c.series_fk).join(st, st.c.id == se.c.study_fk)
_AT_ONCE = 500  # UIDs in a statement
_LOOKED_THROUGH, _COUNTED = 2000, 10_000
_MOST_IN_A_JOB = 5000
_NOT_BEGUN = ("queued", "waiting", "paused")
_ACTOR = "routing"


@dataclass(frozen=True, slots=True)
class Match:
    """What must be true of an instance; what is empty is true of all. ``study_description`` has ``*`` and ``?``."""

    source_ae_titles: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    study_description: str = ""
    station_names: tuple[str, ...] = ()
    sop_classes: tuple[str, ...] = ()

    @property
    def is_of_instances(self) -> bool:
        """Whether the study's row alone does not tell: its sets tell of one thing at a time."""
        return bool(
            self.source_ae_titles or self.station_names or (self.modalities and self.sop_classes)
        )


@dataclass(frozen=True, slots=True)
class Dispatch:
    """To which peers a rule sends, and whether it asks them to commit what they accepted."""

    destinations: Sequence[str]
    rule: str
    asks_commitment: bool = False


class Routed:
    """Finds what rules are true of, and adds jobs, within one transaction."""

    def __init__(self, connection: Connection, *, is_sqlite: bool) -> None:
        self._connection = connection
        self._is_sqlite = is_sqlite

    def studies(
        self,
        match: Match,
        uids: Collection[str],
        dispatch: Dispatch,
        not_before_us: int,
    ) -> int:
        """Add a job for each of these studies that matches, and each destination; gives how many.

        Studies that got nothing since ``not_before_us`` are left out.
        """
        added = 0
        for some in _some(sorted(uids)):
            conditions = [st.c.study_instance_uid.in_(some), *self._of_study(match)]
            conditions += self._of_sets(match)
            conditions.append(st.c.last_received_us >= not_before_us)
            if match.is_of_instances:
                conditions.append(self._has_instance(match))
            for row in self._studies(conditions):
                for peer in dispatch.destinations:
                    added += self._add(row, peer, dispatch, None)
        return added

    def instances(
        self,
        match: Match,
        received: Iterable[tuple[str, str]],
        dispatch: Dispatch,
    ) -> int:
        """Add a job for each study with those of its instances that match; gives how many."""
        found: dict[str, list[str]] = defaultdict(list)
        wanted = dict.fromkeys(received)
        for some in _some(list(wanted)):
            statement = (
                select(st.c.study_instance_uid, i.c.sop_instance_uid)
                .select_from(_JOINED)
                .where(
                    i.c.sop_instance_uid.in_({uid for _study, uid in some}),
                    i.c.is_current == true(),
                    *self._of_study(match),
                    *self._of_instance(match),
                )
            )
            for study_uid, uid in self._connection.execute(statement):
                if (study_uid, uid) in wanted:
                    found[study_uid].append(uid)
        added = 0
        for some_studies in _some(sorted(found)):
            for row in self._studies([st.c.study_instance_uid.in_(some_studies)]):
                for peer in dispatch.destinations:
                    added += self._add(row, peer, dispatch, found[row.study_instance_uid])
        return added

    def newest(self, match: Match, limit: int) -> tuple[list[Any], int]:
        """The newest studies that match, with what a list of them shows, and how many there are."""
        may = [*self._of_study(match), *self._of_sets(match)]
        if match.is_of_instances:
            newest = select(st.c.id).where(*may).order_by(st.c.last_received_us.desc())
            may = [st.c.id.in_(newest.limit(_LOOKED_THROUGH)), self._has_instance(match)]
        columns = (st.c.study_instance_uid, st.c.study_description, st.c.study_date)
        name = schema.patient.c.attributes
        shown = (
            select(*columns, name.label("patient"))
            .select_from(st.join(schema.patient, schema.patient.c.id == st.c.patient_fk))
            .where(*may)
            .order_by(st.c.last_received_us.desc(), st.c.id.desc())
            .limit(limit)
        )
        counted = select(func.count()).select_from(
            select(st.c.id).where(*may).limit(_COUNTED).subquery()
        )
        rows = self._connection.execute(shown).all()
        return list(rows), int(self._connection.execute(counted).scalar() or 0)

    def title_of(self, study_instance_uid: str, peer: str) -> str:
        """What to call a job that sends a study."""
        found = self._studies([st.c.study_instance_uid == study_instance_uid])
        return title(found[0], peer) if found else f"study to {peer}"

    # -- conditions ---------------------------------------------------------------------------------

    def _of_study(self, match: Match) -> list[ColumnElement[bool]]:
        pattern = match.study_description
        if not pattern.strip("*"):
            return []
        escaped = "".join(
            {"*": "%", "?": "_"}.get(letter, f"\\{letter}" if letter in "\\%_" else letter)
            for letter in pattern
        )
        description = func.lower(st.c.study_description)
        # SQLite's lower() leaves letters beyond ASCII as they are.
        folded = _lower_ascii(escaped) if self._is_sqlite else escaped.lower()
        return [description.like(folded, escape="\\")]

    def _of_sets(self, match: Match) -> list[ColumnElement[bool]]:
        """What the sets in a study's row leave over: all that may match."""
        return [
            or_(*(members.contains(f"\\{one}\\", autoescape=True) for one in wanted))
            for members, wanted in (
                (st.c.modalities, match.modalities),
                (st.c.sop_classes, match.sop_classes),
            )
            if wanted
        ]

    def _of_instance(self, match: Match) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if match.source_ae_titles:
            found.append(i.c.source.in_(match.source_ae_titles))
        if match.sop_classes:
            found.append(i.c.sop_class_uid.in_(match.sop_classes))
        if match.modalities:
            found.append(se.c.modality.in_(match.modalities))
        if match.station_names:
            # As `json_model.write_indexed` writes it: Station Name has one value.
            names = (orjson.dumps(one).decode() for one in match.station_names)
            written = (f'"00081010":{{"vr":"SH","Value":[{name}]}}' for name in names)
            found.append(or_(*(se.c.attributes.contains(one, autoescape=True) for one in written)))
        return found

    def _has_instance(self, match: Match) -> ColumnElement[bool]:
        return (
            exists()
            .select_from(se.join(i, i.c.series_fk == se.c.id))
            .where(se.c.study_fk == st.c.id, i.c.is_current == true(), *self._of_instance(match))
            .correlate(st)
        )

    # -- jobs ---------------------------------------------------------------------------------------

    def _studies(self, conditions: list[ColumnElement[bool]]) -> list[Any]:
        """The studies; of one UID that several patients have, the newest."""
        columns = (
            st.c.study_instance_uid,
            st.c.study_description,
            st.c.study_date,
            st.c.modalities,
        )
        rows = self._connection.execute(select(*columns).where(*conditions).order_by(st.c.id))
        return list({row.study_instance_uid: row for row in rows}.values())

    def _add(self, study: Any, peer: str, dispatch: Dispatch, instances: list[str] | None) -> int:
        """Add a job, or leave it to one that has not begun: it looks for what there is to send when it begins."""
        wishes = {"asks_commitment": True} if dispatch.asks_commitment else {}
        uid = study.study_instance_uid
        not_begun = (
            select(job.c.id, job.c.arguments)
            .where(
                job.c.study_instance_uid == uid,
                job.c.kind == "send",
                job.c.lane == peer,
                job.c.state.in_(_NOT_BEGUN),
            )
            .with_for_update()
        )
        for row in self._connection.execute(not_begun).all():
            arguments = orjson.loads(row.arguments)
            if not arguments.get("only_new") or "series" in arguments:
                continue
            there = arguments.get("instances")
            if there is None:
                if wishes.items() - arguments.items():
                    self._change(row.id, arguments | wishes)
                return 0
            if instances is not None and len(there) + len(instances) <= _MOST_IN_A_JOB:
                arguments["instances"] = list(dict.fromkeys([*there, *instances]))
                self._change(row.id, arguments | wishes, total=len(arguments["instances"]))
                return 0
        arguments = {"only_new": True, "rule": dispatch.rule} | wishes
        if instances is not None:
            arguments["instances"] = instances
        new = NewJob(
            "send",
            title(study, peer),
            lane=peer,
            arguments=arguments,
            study_instance_uid=uid,
            actor=_ACTOR,
            total=len(instances or ()),
        )
        add(self._connection, new)
        return 1

    def _change(self, job_id: str, arguments: dict[str, Any], **values: int) -> None:
        encoded = orjson.dumps(arguments).decode()
        statement = update(job).where(job.c.id == job_id)
        self._connection.execute(statement.values(arguments=encoded, **values))


def title(study: Any, peer: str) -> str:
    """What to call the job that sends a study; it names no patient, since titles are seen in many places."""
    modalities = [part for part in study.modalities.split("\\") if part]
    return f"{in_words(modalities, study.study_description, study.study_date)} to {peer}"


def in_words(modalities: Sequence[str], description: str, date: str) -> str:
    """What kind of study it is, and of when: "CT head, 2026-11-24"; "study" where nothing is known."""
    made_by = "/".join(modalities)
    is_said = made_by and f" {description.upper()} ".startswith(f" {made_by} ")
    what = " ".join(part for part in ("" if is_said else made_by, description) if part) or "study"
    is_whole = len(date) == len("YYYYMMDD") and date.isascii() and date.isdigit()
    shown = f"{date[:4]}-{date[4:6]}-{date[6:]}" if is_whole else date
    day = f", {shown}" if shown else ""
    return f"{what}{day}"


def _lower_ascii(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _some(items: Sequence[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while some := list(islice(iterator, _AT_ONCE)):
        yield some
