"""`hounsfield settings` and `hounsfield version`."""

import sys
from typing import Annotated, Any

import typer

from hounsfield.cli.output import AsJson, Data, SettingsFile, console, print_json


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("settings")(settings_command)
    app.command()(conformance)
    app.command()(version)


def settings_command(
    data: Data = None,
    settings: SettingsFile = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Print the reference of all settings (Markdown).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the settings in force and where each one comes from."""
    from hounsfield.settings.model import settings_of, value_of
    from hounsfield.settings.reading import read_settings

    if reference:
        from hounsfield.settings.reference import reference as page

        sys.stdout.write(page())
        return
    effective = read_settings({"data": data}, file=settings)
    document = effective.settings.model_dump(mode="json")
    if as_json:
        rows: dict[str, Any] = {
            setting.key: {
                "value": _under(document, setting.key),
                "origin": effective.origins[setting.key],
            }
            for setting in settings_of()
        }
        print_json(rows)
        return
    from rich.table import Table

    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for setting in settings_of():
        value = value_of(effective.settings, setting.key)
        if setting.key == "dimse.peers":
            value = ", ".join(
                f"{name} = {peer.ae_title}@{peer.host or 'anywhere'}:{peer.port}"
                for name, peer in value.items()
            )
        table.add_row(setting.key, _text(value), effective.origins[setting.key])
    console(width=1000).print(table)


def conformance(data: Data = None, settings: SettingsFile = None) -> None:
    """Print the DICOM conformance statement for the settings in force (Markdown)."""
    from hounsfield.app.conformance.statement import statement
    from hounsfield.settings.reading import read_settings

    sys.stdout.write(statement(read_settings({"data": data}, file=settings).settings))


def version() -> None:
    """Show the version."""
    from hounsfield import __version__

    console().print(f"hounsfield {__version__}")


def _under(document: Any, key: str) -> Any:
    for name in key.split("."):
        document = document[name]
    return document


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
