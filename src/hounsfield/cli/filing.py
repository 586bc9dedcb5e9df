"""`hounsfield import` and `hounsfield export`: files going in and coming out, byte for byte."""

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    SettingsFile,
    console,
    print_json,
    progress,
    settings_for,
)
from hounsfield.errors import HounsfieldError, InvalidInstance

if TYPE_CHECKING:
    from hounsfield.app.archive import Archive
    from hounsfield.index.records import InstanceLocation


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)


def export(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="Study Instance UID, see `hounsfield find`.")
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; made if it is not there.")
    ],
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a study as DIR/SERIES/INSTANCE.dcm, exactly as they were received.

    Each is compared with the hash taken at its receipt. What is there already is left alone; so a
    second run finishes an interrupted one. With --json: one line for each file, then a summary.
    """
    from hounsfield.app.archive import open_archive
    from hounsfield.archive.access import LOCAL

    counts: Counter[str] = Counter()
    with open_archive(settings_for(data, settings)) as archive, progress() as bar:
        locations = archive.retrieve.locate(LOCAL, study)
        for location in bar.track(locations, description="exporting"):
            path = folder / location.series_instance_uid / f"{location.sop_instance_uid}.dcm"
            reason = None
            try:
                outcome = _write(archive, location, path)
            except (HounsfieldError, OSError) as problem:
                outcome, reason = "failed", str(problem)
                if not as_json:
                    bar.console.print(f"{path}: {reason}", markup=False)
            counts[outcome] += 1
            if as_json:
                line = {"SOPInstanceUID": location.sop_instance_uid, "path": str(path)}
                print_json({**line, "outcome": outcome, "reason": reason})
    if as_json:
        print_json({"summary": {name: counts[name] for name in ("written", "present", "failed")}})
    else:
        text = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        console().print(f"{text}: {folder}", markup=False)
    if counts["failed"]:
        raise typer.Exit(ExitCode.FAILED)


def _write(archive: "Archive", location: "InstanceLocation", path: Path) -> str:
    """Write one file under a scratch name first, so that no half of one is ever taken for a whole."""
    if path.exists():
        with path.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == location.sha256
        if not is_same:
            raise FileExistsError("another file is there")
        return "present"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with archive.retrieve.open_instance(location) as stored, scratch.open("wb") as file:
            for piece in stored.stream():
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != location.sha256:
            raise InvalidInstance("damaged in the archive: its bytes are not those received")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return "written"
