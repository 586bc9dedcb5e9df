"""`hounsfield send` and `hounsfield echo`: to other systems (PS3.4 annexes A and B)."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    Failure,
    SettingsFile,
    console,
    print_json,
    progress,
    settings_for,
)
from hounsfield.cli.peer_names import PEER_HELP, target_for
from hounsfield.errors import InvalidInstance

if TYPE_CHECKING:
    from hounsfield.dimse.scu.store_scu import Outgoing, Sent

CallingOption = Annotated[
    str | None,
    typer.Option("--ae-title", metavar="AET", help="Call as this instead of our own AE title."),
]


TlsOption = Annotated[
    bool, typer.Option("--tls", help="Speak TLS; a peer of the settings says itself whether to.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(send)
    app.command()(echo)


def send(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files and folders.", exists=True)
    ],
    peer: Annotated[str, typer.Argument(metavar="PEER", help=PEER_HELP)],
    data: Data = None,
    settings: SettingsFile = None,
    ae_title: CallingOption = None,
    tls: TlsOption = False,
    as_json: AsJson = False,
) -> None:
    """Send DICOM files to a peer by C-STORE, each as it is stored in the file.

    Files that are no DICOM files are skipped. With --json: one line for each file, then a summary.
    """
    from hounsfield.dimse.scu.store_scu import send as send_all

    counts: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    with target_for(settings_for(data, settings), peer, ae_title, uses_tls=tls) as target:
        outgoing, skipped = _look_at(paths)
        for path, reason in skipped:
            _report(as_json, {"path": str(path), "outcome": "skipped", "reason": reason})
        with progress() as bar:
            task = bar.add_task(f"sending to {peer}", total=len(outgoing))
            for sent in send_all(target, outgoing):
                bar.advance(task)
                counts["stored" if sent.is_stored else "refused"] += 1
                if not sent.is_stored:
                    refusals[sent.text] += 1
                _report(as_json, _line(sent))
    summary = {"stored": counts["stored"], "refused": counts["refused"], "skipped": len(skipped)}
    if as_json:
        print_json({"summary": summary})
    else:
        out = console()
        for reason, number in refusals.most_common():
            out.print(f"{number} refused: {reason}", markup=False)
        out.print(", ".join(f"{number} {what}" for what, number in summary.items()))
    if not outgoing:
        raise Failure("no DICOM file there", ExitCode.FAILED)
    if counts["refused"]:
        raise typer.Exit(ExitCode.FAILED)


def echo(
    peer: Annotated[str, typer.Argument(metavar="PEER", help=PEER_HELP)],
    data: Data = None,
    settings: SettingsFile = None,
    ae_title: CallingOption = None,
    tls: TlsOption = False,
    as_json: AsJson = False,
) -> None:
    """Ask a peer whether it is there (C-ECHO)."""
    from hounsfield.dimse.scu.requestor import echo as ask

    with target_for(settings_for(data, settings), peer, ae_title, uses_tls=tls) as target:
        begin = time.monotonic()
        status = ask(target)
    taken_ms = round((time.monotonic() - begin) * 1000, 1)
    if as_json:
        print_json({"peer": str(target), "status": f"{status:04X}", "milliseconds": taken_ms})
    else:
        console().print(f"{target} answered {status:04X} after {taken_ms} ms", markup=False)
    if status != 0:
        raise typer.Exit(ExitCode.FAILED)


def _look_at(paths: list[Path]) -> tuple[list["Outgoing"], list[tuple[Path, str]]]:
    from hounsfield.dimse.scu.store_scu import read_outgoing

    outgoing: list[Outgoing] = []
    skipped: list[tuple[Path, str]] = []
    for path in _files_in(paths):
        try:
            outgoing.append(read_outgoing(path))
        except (InvalidInstance, OSError) as problem:
            skipped.append((path, str(problem)))
    return outgoing, skipped


def _files_in(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (Path(folder) / name for name in sorted(names))


def _line(sent: "Sent") -> dict[str, object]:
    return {
        "path": str(sent.path),
        "outcome": "stored" if sent.is_stored else "refused",
        "SOPInstanceUID": sent.sop_instance_uid,
        "status": None if sent.status is None else f"{sent.status:04X}",
        "reason": sent.text,
    }


def _report(as_json: bool, line: dict[str, object]) -> None:
    if as_json:
        print_json(line)
