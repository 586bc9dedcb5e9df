"""`hounsfield workitem`: the unified worklist on the command line (PS3.4 annex CC)."""

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    Failure,
    SettingsFile,
    console,
    existing_archive,
    print_json,
)

if TYPE_CHECKING:
    from hounsfield.archive.site.work_items import UnifiedWorklist
    from hounsfield.index.site.work_items import WorkItem

_UID = Annotated[str, typer.Argument(metavar="UID", help="SOP Instance UID of the work item.")]

_STATES = {"scheduled": "SCHEDULED", "in-progress": "IN PROGRESS", "completed": "COMPLETED",
           "canceled": "CANCELED"}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Work items: what is to be done by readers and machines (UPS).")
    group.command("list")(list_items)
    group.command()(show)
    group.command()(cancel)
    app.add_typer(group, name="workitem", no_args_is_help=True)


def list_items(
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=f"{', '.join(_STATES)}.")
    ] = None,
    patient_id: Annotated[
        str | None, typer.Option("--patient-id", metavar="ID", help="Of the patient of this ID.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000)] = 100,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List work items by the time they are scheduled for. With --json: an array of objects."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.dicom.items import keys_of

    if state is not None and state not in _STATES:
        raise Failure(f"{state!r} is no state; there are {', '.join(_STATES)}")
    wanted: dict[str, Any] = {}
    if state:
        wanted["00741000"] = {"vr": "CS", "Value": [_STATES[state]]}
    if patient_id:
        wanted["00100020"] = {"vr": "LO", "Value": [patient_id]}
    with _worklist(data, settings) as worklist:
        found = list(islice(worklist.find(LOCAL, keys_of(wanted)), limit))
    if as_json:
        print_json([_document(item) for item in found])
        return
    if not found:
        console().print("there are no such work items")
        return
    from rich.table import Table

    columns = ("start", "state", "label", "patient", "patient ID", "UID")
    table = Table(*columns, box=None, pad_edge=False)
    for item in found:
        document = _document(item)
        keywords = ("ScheduledProcedureStepStartDateTime", "ProcedureStepState",
                    "ProcedureStepLabel", "PatientName", "PatientID", "SOPInstanceUID")  # fmt: skip
        table.add_row(*(_plain(document[keyword]) for keyword in keywords))
    console(width=1000).print(table)


def show(
    uid: _UID, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Show all attributes of a work item. With --json: in the DICOM JSON model."""
    from pydicom.datadict import keyword_for_tag

    from hounsfield.archive.access import LOCAL

    with _worklist(data, settings) as worklist:
        item = worklist.get(LOCAL, uid)
    if as_json:
        print_json(item.attributes)
        return
    for tag, value in sorted(item.attributes.items()):
        text = "\\".join(_text(one) for one in value.get("Value", ()))
        console().print(f"({tag[:4]},{tag[4:]}) {keyword_for_tag(tag)}: {_plain(text)}")


def cancel(
    uid: _UID,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for who does the work.")
    ] = "",
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Ask that a work item be given up; one that nobody has begun is canceled at once."""
    from hounsfield.archive.access import LOCAL

    asked = {"00741238": {"vr": "LT", "Value": [reason]}} if reason else {}
    with _worklist(data, settings) as worklist:
        notice = worklist.request_cancel(LOCAL, uid, asked)
        state = worklist.get(LOCAL, uid).state
    if notice is not None:
        console().print(str(notice))
    elif state == "CANCELED":
        console().print("canceled")
    else:
        console().print("whoever works on it has been asked to give it up")


@contextlib.contextmanager
def _worklist(data: Path | None, file: Path | None) -> "Iterator[UnifiedWorklist]":
    from functools import partial

    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.site.work_item_watchers import receiver_of
    from hounsfield.archive.site.work_items import UnifiedWorklist

    configured = existing_archive(data, file)
    with (
        working_on(configured.data, "hounsfield workitem", writes=True),
        open_archive(configured) as archive,
    ):
        yield UnifiedWorklist(archive.index, partial(receiver_of, archive.peers))


def _document(item: "WorkItem") -> dict[str, str]:
    """A work item as scripts get it."""
    from hounsfield.dicom.work_items import value_of

    name = item.attributes.get("00100010", {}).get("Value") or [{}]
    return {
        "SOPInstanceUID": item.sop_instance_uid,
        "ProcedureStepState": str(item.state),
        "ProcedureStepLabel": value_of(item.attributes, "00741204"),
        "WorklistLabel": value_of(item.attributes, "00741202"),
        "ScheduledProcedureStepStartDateTime": value_of(item.attributes, "00404005"),
        "PatientName": _text(name[0]),
        "PatientID": value_of(item.attributes, "00100020"),
        "StudyInstanceUID": value_of(item.attributes, "0020000D"),
    }


def _plain(text: str) -> str:
    """Keep what looks like markup, and what would steer the terminal, from being obeyed."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "�" for letter in text))


def _text(value: Any) -> str:
    if not isinstance(value, dict):
        return "" if value is None else str(value)
    if "Alphabetic" in value:
        return str(value["Alphabetic"])
    parts = (
        "\\".join(_text(one) for one in attribute.get("Value", ()))
        for attribute in value.values()
        if isinstance(attribute, dict)
    )
    return "{" + ", ".join(part for part in parts if part) + "}"
