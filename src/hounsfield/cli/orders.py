"""`hounsfield order`: what is to be done, as scanners find it in their worklist (PS3.4 annex K)."""

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    Failure,
    SettingsFile,
    console,
    existing_archive,
    print_json,
)

if TYPE_CHECKING:
    from hounsfield.archive.site.orders import OrderBook
    from hounsfield.index.site.orders import Order

_Id = Annotated[
    int, typer.Argument(metavar="ID", help="The number of the order, as `list` has it.")
]
_Values = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEYWORD=VALUE", help="Attributes by keyword: PatientName=Doe^Jane."),
]
_From = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="FILE", help="JSON: an object by keywords; - is standard input."
    ),
]
_COMMENTS = {"Comments": "CommentsOnTheScheduledProcedureStep"}
_CODES = ("RequestedProcedureCodeSequence", "ScheduledProtocolCodeSequence")
_CODE = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Orders: what is to be done, the worklist of the scanners.")
    group.command()(add)
    group.command("list")(list_orders)
    group.command()(show)
    group.command("set")(change)
    group.command()(cancel)
    app.add_typer(group, name="order", no_args_is_help=True)


def add(
    values: _Values = None,
    source: _From = None,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Add an order, or several from a JSON array. IDs and UIDs that are not given are made.

    Needed are PatientID, PatientName, Modality and ScheduledProcedureStepStartDate.
    """
    from hounsfield.archive.access import LOCAL
    from hounsfield.index.site.orders import Order

    given = _read(source) if source else [{}]
    with _book(data, settings) as book:
        added = []
        for one in given:
            texts, request_codes, step_codes = _content(one | _parsed(values))
            added.append(book.add(LOCAL, Order(texts, request_codes, step_codes)))
    if as_json:
        documents = [_document(one) for one in added]
        print_json(documents if len(documents) != 1 else documents[0])
        return
    for order in added:
        words = f"{order.get('AccessionNumber')} for {order.get('PatientName')}"
        console().print(f"order {order.id}: {words}", markup=False)


def list_orders(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="Words of a name, ID or number.")
    ] = "",
    date: Annotated[
        str, typer.Option("--date", metavar="YYYYMMDD[-YYYYMMDD]", help="When they begin.")
    ] = "",
    status: Annotated[
        str,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="scheduled, arrived, in progress, completed, discontinued or cancelled.",
        ),
    ] = "",
    modality: Annotated[
        str, typer.Option("--modality", metavar="CT", help="Of this modality.")
    ] = "",
    station: Annotated[
        str, typer.Option("--station", metavar="AE_TITLE", help="For the scanner of this AE title.")
    ] = "",
    needs_attention: Annotated[
        bool, typer.Option("--needs-attention", help="Only those that somebody has to look at.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000)] = 100,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List orders by the time they begin. With --json: an array of objects."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.orders import STATUSES
    from hounsfield.index.site.orders import Wanted

    if status and status not in STATUSES:
        raise Failure(f"{status!r} is no status; there are {', '.join(STATUSES)}", ExitCode.USAGE)
    first, dash, last = date.partition("-")
    if any(part and not (len(part) == 8 and part.isdigit()) for part in (first, last)):
        raise Failure(f"{date!r} is no date; write YYYYMMDD or YYYYMMDD-YYYYMMDD", ExitCode.USAGE)
    wanted = Wanted(
        text=text,
        first_date=first,
        last_date=last if dash else first,
        statuses=(status,) if status else (),
        modality=modality,
        station_ae_title=station,
        needs_attention=needs_attention,
    )
    with _book(data, settings) as book:
        found, total = book.page(LOCAL, wanted, limit)
    if as_json:
        print_json([_document(one) for one in found])
        return
    if not found:
        console().print("there are no such orders")
        return
    from rich.table import Table

    table = Table(
        "ID", "begins", "status", "modality", "station", "patient", "patient ID", "accession",
        box=None, pad_edge=False,
    )  # fmt: skip
    for one in found:
        begins = (
            f"{one.get('ScheduledProcedureStepStartDate')}"
            f" {one.get('ScheduledProcedureStepStartTime')[:4]}"
        )
        mark = " !" if one.needs_attention else ""
        keywords = (
            "Modality",
            "ScheduledStationAETitle",
            "PatientName",
            "PatientID",
            "AccessionNumber",
        )
        table.add_row(str(one.id), begins, one.status + mark, *(one.get(name) for name in keywords))
    console(width=1000).print(table)
    if total > len(found):
        console().print(f"{total - len(found)} more; see --limit")


def show(
    order_id: _Id, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Show all that an order says, and what a person should know of it."""
    from hounsfield.archive.access import LOCAL

    with _book(data, settings) as book:
        order = book.get(LOCAL, order_id)
    document = _document(order)
    if as_json:
        print_json(document)
        return
    for keyword, value in document.items():
        if value not in ("", [], None):
            title, shown = _in_words(keyword, value)
            console().print(f"{title}: {shown}", markup=False)


def change(
    order_id: _Id,
    values: _Values = None,
    source: _From = None,
    status: Annotated[
        str, typer.Option("--status", metavar="STATUS", help="arrived, scheduled again, ...")
    ] = "",
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what an order says, or its status; what is not named stays."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.index.site.orders import Order

    given = _read(source) if source else [{}]
    if len(given) != 1:
        raise Failure("one order is changed by one object", ExitCode.USAGE)
    asked = given[0] | _parsed(values)
    if not asked and not status:
        raise Failure("nothing to change: give KEYWORD=VALUE, --from or --status", ExitCode.USAGE)
    with _book(data, settings) as book:
        order = book.get(LOCAL, order_id)
        if asked:
            texts, request_codes, step_codes = _content(asked)
            changed = Order(
                order.values | texts,
                request_codes if _CODES[0] in asked else order.request_codes,
                step_codes if _CODES[1] in asked else order.step_codes,
            )
            order = book.change(LOCAL, order_id, changed)
        if status:
            order = book.set_status(LOCAL, order_id, status)
    if as_json:
        print_json(_document(order))
    else:
        console().print(f"order {order.id} is {order.status}")


def cancel(order_id: _Id, data: Data = None, settings: SettingsFile = None) -> None:
    """Take an order off the worklist."""
    from hounsfield.archive.access import LOCAL

    with _book(data, settings) as book:
        book.set_status(LOCAL, order_id, "cancelled")
    console().print(f"order {order_id} is cancelled")


@contextlib.contextmanager
def _book(data: Path | None, file: Path | None) -> "Iterator[OrderBook]":
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.site.orders import OrderBook

    configured = existing_archive(data, file)
    with (
        working_on(configured.data, "hounsfield order", writes=True),
        open_archive(configured) as archive,
    ):
        yield OrderBook(archive.index)


def _parsed(values: list[str] | None) -> dict[str, Any]:
    parsed = {}
    for one in values or ():
        keyword, equals, value = one.partition("=")
        if not equals:
            raise Failure(f"{one!r}: write KEYWORD=VALUE", ExitCode.USAGE)
        parsed[keyword.strip()] = value
    return parsed


def _read(source: Path) -> list[dict[str, Any]]:
    try:
        raw = sys.stdin.read() if str(source) == "-" else source.read_text("utf-8")
        content = json.loads(raw)
    except (OSError, ValueError) as problem:
        raise Failure(f"{source} cannot be read: {problem}", ExitCode.USAGE) from problem
    given = content if isinstance(content, list) else [content]
    if not given or not all(isinstance(one, dict) for one in given):
        raise Failure(f"{source}: an object by keywords, or an array of them", ExitCode.USAGE)
    return given


def _content(given: dict[str, Any]) -> tuple[dict[str, str], tuple[Any, ...], tuple[Any, ...]]:
    """(texts by keyword, codes of the request, codes of the step) of what a file or the command line gives."""
    texts: dict[str, str] = {}
    for keyword, value in given.items():
        if keyword in _CODES:
            continue
        if isinstance(value, list):
            value = "\\".join(str(one) for one in value)  # noqa: PLW2901 - the same, as DICOM writes it
        if not isinstance(value, str | int | float):
            raise Failure(f"{keyword}: a text is needed", ExitCode.USAGE)
        texts[_COMMENTS.get(keyword, keyword)] = str(value)
    return texts, _codes(given.get(_CODES[0], [])), _codes(given.get(_CODES[1], []))


def _codes(given: Any) -> tuple[Any, ...]:
    from hounsfield.dicom.orders import Code

    try:
        return tuple(Code(*(str(one[name]) for name in _CODE)) for one in given)
    except (TypeError, KeyError) as problem:
        raise Failure(f"a code is an object with {', '.join(_CODE)}", ExitCode.USAGE) from problem


def _in_words(name: str, value: Any) -> tuple[str, Any]:
    """What is ours in an order as a person reads it: (title, value); its attributes have their keywords."""
    if name.endswith("_us"):
        moment = dt.datetime.fromtimestamp(value / 1e6).astimezone()
        return name.removesuffix("_us"), f"{moment:%Y-%m-%d %H:%M:%S}"
    if name in _CODES:
        codes = (
            f"{one['CodeMeaning']} ({one['CodeValue']}, {one['CodingSchemeDesignator']})"
            for one in value
        )
        return name, "; ".join(codes)
    return name.replace("_", " ") if name.islower() else name, value


def _document(order: "Order") -> dict[str, Any]:
    """An order as scripts get it."""
    codes = {
        name: [dict(zip(_CODE, (c.value, c.designator, c.meaning), strict=True)) for c in some]
        for name, some in zip(_CODES, (order.request_codes, order.step_codes), strict=True)
    }
    return {
        "id": order.id,
        "status": order.status,
        "needs_attention": order.needs_attention,
        **order.values,
        **codes,
        "created_us": order.created_us,
        "updated_us": order.updated_us,
        "created_by": order.created_by,
    }
