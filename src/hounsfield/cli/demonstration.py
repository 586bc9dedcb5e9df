"""What `hounsfield demo` does beyond serving: free ports, demo studies, and words for the person."""

import threading
from typing import Any

from hounsfield.app.listeners import CannotListen, listen
from hounsfield.settings.model import Settings
from hounsfield.settings.reading import Effective


class _Stopped(Exception):
    """The server ends while the studies are being made."""


def settled(effective: Effective) -> tuple[Settings, list[str]]:
    """Adapt defaults to a demo: a free port for one that is taken, said in words; a quiet log."""
    settings, remarks = effective.settings, []
    if effective.origins["log.level"] == "default":  # the terminal is for the person
        quiet = settings.log.model_copy(update={"level": "warning"})
        settings = settings.model_copy(update={"log": quiet})
    for group, what in (("web", "web"), ("dimse", "DICOM")):
        values = getattr(settings, group)
        if effective.origins[f"{group}.port"] != "default":
            continue
        try:
            listen(values.host, values.port, setting=f"{group}.port", flag="").close()
        except CannotListen:
            remarks.append(f"Port {values.port} is taken; the {what} server uses another one.")
            free = values.model_copy(update={"port": 0})
            settings = settings.model_copy(update={group: free})
    return settings, remarks


def announce(ready: dict[str, Any], settings: Settings, remarks: list[str]) -> None:
    """Say where everything is; the lines can be copied as they stand."""
    from rich.console import Console

    dicom = ready["dicom"]
    lines = [
        "",
        *remarks,
        "Hounsfield is running, with demo studies: synthetic CT and MR, and sample files of pydicom.",
        "",
        f"  Browser     {ready['http']}",
        f"  DICOM       AE title {dicom['ae_title']}, {dicom['host']} port {dicom['port']}",
        f"  Send files  storescu -aec {dicom['ae_title']} {dicom['host']} {dicom['port']} FILE...",
        f"  Data        {settings.data}",
        "",
        "Ctrl-C ends it.",
        "",
    ]
    Console(soft_wrap=True, highlight=False, markup=False).print("\n".join(lines))


def fill(settings: Settings, stopping: threading.Event) -> None:
    """Store the demo studies that are not there yet, until ``stopping`` is set."""
    from hounsfield.app.archive import open_archive
    from hounsfield.archive.demonstration import fill as fill_store
    from hounsfield.cli.output import console, progress

    with open_archive(settings) as archive, progress() as bar:
        task = bar.add_task("making the demo studies", total=None)

        def progressed(done: int, total: int) -> None:
            if stopping.is_set():
                raise _Stopped
            bar.update(task, completed=done, total=total)

        try:
            filled = fill_store(archive.store, progressed)
        except _Stopped:
            return
    if filled.stored:
        console().print(f"The demo studies are complete: {filled.stored} images made.")
    if filled.failed:
        console().print(
            f"{filled.failed} demo images could not be stored; `hounsfield check` may say why."
        )
