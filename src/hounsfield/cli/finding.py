"""`hounsfield find`: studies on the command line (PS3.4 C.6.2.1, Study Root)."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    SettingsFile,
    console,
    existing_archive,
    print_json,
    size_text,
)

if TYPE_CHECKING:
    from hounsfield.dicom.query import Query
    from hounsfield.index.records import Found

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_KEYWORDS = (
    "StudyInstanceUID PatientID IssuerOfPatientID PatientName PatientBirthDate PatientSex StudyDate"
    " StudyTime AccessionNumber StudyID StudyDescription ReferringPhysicianName"
).split()


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(find)


def find(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT]",
            help="Each word must occur in patient name, ID, accession number or study description.",
        ),
    ] = None,
    patient_id: Annotated[str | None, typer.Option("--patient-id", metavar="ID")] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="Patient's name, as in 'doe^*'; case and accents do not count.",
        ),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(
            "--date", metavar="DATE", help="20260131, 20260101-20260131, 20260101- or -20260131."
        ),
    ] = None,
    modality: Annotated[
        str | None,
        typer.Option("--modality", metavar="CS", help="As in CT; a study has to contain it."),
    ] = None,
    accession: Annotated[str | None, typer.Option("--accession", metavar="NUMBER")] = None,
    study: Annotated[
        str | None, typer.Option("--study", metavar="UID", help="Study Instance UID.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="0: no limit.")] = 100,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List studies, the newest first. With --json: an array of objects."""
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.access import LOCAL

    keys = {
        "PatientID": patient_id,
        "PatientName": name,
        "StudyDate": date and _ISO_DATE.sub(r"\1\2\3", date),
        "ModalitiesInStudy": modality,
        "AccessionNumber": accession,
        "StudyInstanceUID": study,
    }
    query = study_query(keys, text=text, limit=limit + 1 if limit else None)
    found_in = existing_archive(data, settings)
    with (
        working_on(found_in.data, "hounsfield find", writes=False),
        open_archive(found_in) as archive,
    ):
        found = list(archive.search.search(LOCAL, query))
    is_cut = bool(limit) and len(found) > limit
    found = found[:limit] if limit else found
    if as_json:
        print_json([study_document(one) for one in found])
    else:
        _print_table(found)
        if is_cut:
            console().print(f"… and more; these are the newest {limit}, see --limit")


def study_query(keys: dict[str, str | None], *, text: str | None, limit: int | None) -> "Query":
    """A query for studies, the newest first."""
    from hounsfield.dicom.attributes import ATTRIBUTES, tag_of
    from hounsfield.dicom.query import Key, Level, Order, Query, parse_match

    made = []
    for keyword, value in keys.items():
        if value:
            tag = tag_of(keyword)
            vr = ATTRIBUTES[tag].vr if tag in ATTRIBUTES else "CS"
            made.append(Key(tag, vr, parse_match(tag, vr, value)))
    newest_first = (
        Order(tag_of("StudyDate"), descending=True),
        Order("last_received_at", descending=True),
    )
    return Query(Level.STUDY, tuple(made), text=text, order=newest_first, limit=limit)


def study_document(found: "Found") -> dict[str, Any]:
    """A study as scripts get it: DICOM values under their keyword, our own in snake_case."""
    state: Any = found.state
    return {
        **{keyword: text_of(found.attributes, keyword) for keyword in _KEYWORDS},
        "ModalitiesInStudy": values_of(found.attributes, "ModalitiesInStudy"),
        "NumberOfStudyRelatedSeries": state.number_of_series,
        "NumberOfStudyRelatedInstances": state.number_of_instances,
        "size_bytes": state.size_bytes,
        "status": state.status,
        "first_received_at": _time(state.first_received_us),
        "last_received_at": _time(state.last_received_us),
        "identity_conflict": state.identity_conflict,
        "version_conflicts": state.version_conflicts,
        "patient_key": state.patient_key,
    }


def values_of(attributes: dict[str, Any], keyword: str) -> list[str]:
    """The values of an attribute in the DICOM JSON model (PS3.18 F.2)."""
    from hounsfield.dicom.attributes import tag_of

    values = attributes.get(f"{tag_of(keyword):08X}", {}).get("Value") or []
    return [
        str(value.get("Alphabetic") or value.get("Ideographic") or value.get("Phonetic") or "")
        if isinstance(value, dict)
        else str(value)
        for value in values
        if value is not None
    ]


def text_of(attributes: dict[str, Any], keyword: str) -> str:
    """All values of an attribute in one text."""
    return "\\".join(values_of(attributes, keyword))


def _time(received_us: int) -> str:
    return datetime.fromtimestamp(received_us / 1e6, UTC).isoformat(timespec="milliseconds")


def _print_table(found: list["Found"]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("date", "patient", "ID", "modality", "description"):
        table.add_column(title, no_wrap=True, max_width=32)
    for title in ("series", "images", "size"):
        table.add_column(title, no_wrap=True, justify="right")
    for title in ("", "StudyInstanceUID"):
        table.add_column(title, no_wrap=True)
    for one in found:
        state: Any = one.state
        marks = [state.status] if state.status != "complete" else []
        marks += ["patient conflict"] if state.identity_conflict else []
        marks += ["versions"] if state.version_conflicts else []
        table.add_row(
            *(
                _plain(text_of(one.attributes, keyword))
                for keyword in ("StudyDate", "PatientName", "PatientID")
            ),
            _plain(",".join(values_of(one.attributes, "ModalitiesInStudy"))),
            _plain(text_of(one.attributes, "StudyDescription")),
            str(state.number_of_series),
            str(state.number_of_instances),
            size_text(state.size_bytes),
            ", ".join(marks),
            text_of(one.attributes, "StudyInstanceUID"),
        )
    # One study a line, however narrow the terminal: UIDs are there to be copied.
    console(width=1000).print(table if found else "no study matches")


def _plain(text: str) -> str:
    """Keep what looks like markup, and what would steer the terminal, from being obeyed."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "�" for letter in text))
