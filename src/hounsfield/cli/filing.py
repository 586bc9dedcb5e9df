"""`hounsfield import` and `hounsfield export`: files going in and coming out, byte for byte."""

from collections import Counter
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
    progress,
    settings_for,
)
from hounsfield.errors import OutOfResources

if TYPE_CHECKING:
    from hounsfield.app.archive import Archive
    from hounsfield.archive.importing import Imported

_OUTCOMES = ("stored", "duplicate", "version", "skipped", "failed")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("import")(import_command)
    app.command()(export)


def import_command(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH…", help="Files, folders and ZIP archives.", exists=True),
    ],
    data: Data = None,
    settings: SettingsFile = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Name every file and what became of it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in files, byte for byte; the server may run meanwhile.

    What is in the archive already is recognised and left alone, so the same command again finishes an
    import that was interrupted. Files that are no DICOM images are skipped. A file that should be one
    and cannot be taken in fails the command (exit code 1), after all others were.
    With --json: one line for each file, then a summary.
    """
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on

    configured = settings_for(data, settings)
    tally = _Tally(verbose=verbose, as_json=as_json)
    try:
        with (
            working_on(configured.data, "hounsfield import", writes=True),
            open_archive(configured) as archive,
        ):
            tally.import_into(archive, paths)
    finally:
        tally.report()
    if tally.outcomes["failed"]:
        raise typer.Exit(ExitCode.FAILED)


class _Tally:
    """What became of the files, told as it happens and in sum."""

    def __init__(self, *, verbose: bool, as_json: bool) -> None:
        self.outcomes: Counter[str] = Counter()
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._verbose = verbose
        self._as_json = as_json

    def import_into(self, archive: "Archive", paths: list[Path]) -> None:
        """Import all files below the paths."""
        from hounsfield.archive.access import LOCAL
        from hounsfield.archive.importing import files_below, import_path
        from hounsfield.archive.store import Source

        files = list(files_below(paths))
        source = Source(LOCAL, "import")
        with progress() as bar:
            for file in bar.track(files, description="importing"):
                try:
                    for imported in import_path(archive.store, file, source):
                        self._note(imported, bar.console.print)
                except OutOfResources as problem:
                    raise Failure(f"{file}: {problem}; the import was stopped here") from problem

    def _note(self, imported: "Imported", say: Any) -> None:
        self.outcomes[imported.outcome] += 1
        if imported.reason:
            self._reasons[imported.outcome, imported.reason] += 1
        identity = imported.identity
        if self._as_json:
            print_json(
                {
                    "name": imported.name,
                    "outcome": imported.outcome,
                    "reason": imported.reason,
                    "StudyInstanceUID": identity.study_instance_uid if identity else None,
                    "SOPInstanceUID": identity.sop_instance_uid if identity else None,
                }
            )
        elif self._verbose:
            reason = f": {imported.reason}" if imported.reason else ""
            say(f"{imported.outcome:9} {imported.name}{reason}", markup=False)

    def report(self) -> None:
        """Say how many of each, and why those that were not stored were not."""
        reasons = self._reasons.most_common()
        if self._as_json:
            listed = [
                {"outcome": outcome, "reason": reason, "files": number}
                for (outcome, reason), number in reasons
            ]
            counts: dict[str, Any] = {name: self.outcomes[name] for name in _OUTCOMES}
            print_json({"summary": {**counts, "reasons": listed}})
            return
        out = console()
        words = {
            "stored": "stored",
            "duplicate": "were here already",
            "version": "kept as another version of what was here",
            "skipped": "skipped",
            "failed": "failed",
        }
        for name in _OUTCOMES:
            if self.outcomes[name] or name == "stored":
                out.print(f"{self.outcomes[name]:7} {words[name]}")
            for (outcome, reason), number in reasons:
                if outcome == name:
                    out.print(f"{number:15} {reason}", markup=False)


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
    """Write the files of a study below DIR, exactly as they were received, under names to read.

    Each is compared with the hash taken at its receipt. What is there already is left alone; so a
    second run finishes an interrupted one. With --json: one line for each file, then a summary.
    """
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.exporting import export as write
    from hounsfield.archive.exporting import named_instances

    counts: Counter[str] = Counter()
    configured = existing_archive(data, settings)
    with (
        working_on(configured.data, "hounsfield export", writes=False),
        open_archive(configured) as archive,
        progress() as bar,
    ):
        instances = named_instances(archive.search, archive.retrieve, LOCAL, study)
        written = write(archive.retrieve, instances, folder)
        for one in bar.track(written, total=len(instances), description="exporting"):
            counts[one.outcome] += 1
            if as_json:
                line = {
                    "SOPInstanceUID": one.named.location.sop_instance_uid,
                    "path": str(one.path),
                    "outcome": one.outcome,
                    "reason": one.reason,
                }
                print_json(line)
            elif one.reason:
                bar.console.print(f"{one.path}: {one.reason}", markup=False)
    if as_json:
        print_json({"summary": {name: counts[name] for name in ("written", "present", "failed")}})
    else:
        text = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        console().print(f"{text}: {folder}", markup=False)
    if counts["failed"]:
        raise typer.Exit(ExitCode.FAILED)
