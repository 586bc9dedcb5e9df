"""What every command shares: exit codes, options, and output for people and for scripts."""

import contextlib
import json
import sys
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hounsfield.errors import HounsfieldError
from hounsfield.settings.model import Settings
from hounsfield.settings.reading import read_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class ExitCode(IntEnum):
    """What the exit code of any command says. `EXIT_CODES` explains them to people."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


EXIT_CODES = """\
Exit codes: 0 all went well, 1 something failed, was refused or is damaged, 2 wrong usage or settings, \
3 not reachable or in use, 130 interrupted."""

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. [default: see `hounsfield settings`]"
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        envvar="HOUNSFIELD_SETTINGS",
        help="Read settings from this file. [default: hounsfield.toml in the data folder]",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class Failure(HounsfieldError):
    """The end of a command: its text for the person, and its exit code."""

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.code = code


def settings_for(data: Path | None, file: Path | None) -> Settings:
    """Read the settings of a command."""
    return read_settings({"data": data}, file=file).settings


def existing_archive(data: Path | None, file: Path | None) -> Settings:
    """Read the settings of a command that has nothing to do where there is no archive yet."""
    settings = settings_for(data, file)
    if not (settings.data / "index.db").exists() and not (settings.data / "objects").exists():
        raise Failure(
            f"there is no archive in {settings.data}; name it with --data", ExitCode.USAGE
        )
    return settings


def console(width: int | None = None) -> "Console":
    """Where tables and sentences go; ``width`` is for what must not be cut to the terminal's."""
    from rich.console import Console

    # A fingerprint has ":CD:" in it, a name may: what stands there is printed, not a picture of a disc.
    return Console(soft_wrap=True, highlight=False, emoji=False, width=width)


def print_json(document: Any) -> None:
    """One JSON document on a line of its own, at once, so that scripts can read along."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def progress() -> Iterator["Progress"]:
    """A progress bar on standard error; invisible where that is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as bar:
        yield bar


def fail(problem: Exception, code: ExitCode) -> NoReturn:
    """Say what went wrong in one sentence and leave."""
    for line in str(problem).splitlines() or [type(problem).__name__]:
        sys.stderr.write(f"hounsfield: {line}\n")
    raise SystemExit(code)


def size_text(size_bytes: int) -> str:
    """A size for people."""
    size = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
