"""What `hounsfield demo` does beyond serving: free ports, demo studies, and words for the person."""

from typing import Any

from hounsfield.app.listeners import CannotListen, listen
from hounsfield.settings.model import Settings
from hounsfield.settings.reading import Effective

_FILLED = "demonstration.complete"


def with_free_ports(effective: Effective) -> tuple[Settings, list[str]]:
    """Put any free port in the place of a default one that is taken; say so in words."""
    settings, remarks = effective.settings, []
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
        "Hounsfield is running, with demo studies (synthetic, no real patients).",
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
