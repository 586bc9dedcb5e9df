"""`hounsfield route`: routing rules on the command line."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    SettingsFile,
    console,
    existing_archive,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hounsfield.archive.site.routing import Routing
    from hounsfield.index.site.routing import Rule

_Rule = Annotated[str, typer.Argument(metavar="RULE", help="The rule's name or ID.")]
_SEVERAL = "may be given several times"


class When(StrEnum):
    """The occasions of a rule, for `--when`."""

    COMPLETE = "complete"
    RECEIVED = "received"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Routing rules: what is sent on to which peers by itself.")
    group.command("list")(list_rules)
    for command in (add, remove, enable, disable):
        group.command()(command)
    app.add_typer(group, name="route", no_args_is_help=True)


def list_rules(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the routing rules. With --json: an array of objects."""
    from hounsfield.archive.access import LOCAL

    found: list[Rule] = _with(data, settings, lambda routing: routing.rules(LOCAL))
    if as_json:
        print_json([document(rule) for rule in found])
        return
    for rule in found:
        console().print(sentence(rule), markup=False)
    if not found:
        console().print("there are no routing rules")


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the rule.")],
    to: Annotated[
        list[str], typer.Option("--to", metavar="PEER", help=f"Where to send; {_SEVERAL}.")
    ],
    when: Annotated[
        When,
        typer.Option(
            "--when", help="Once a study is complete, all of it; or each instance as it comes."
        ),
    ] = When.COMPLETE,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="AET", help=f"Sent to us by this AE title; {_SEVERAL}."),
    ] = None,
    modality: Annotated[
        list[str] | None, typer.Option("--modality", metavar="CS", help=f"As in CT; {_SEVERAL}.")
    ] = None,
    description: Annotated[
        str,
        typer.Option(
            "--description", metavar="TEXT", help="Study Description, as in 'head*' or 'knee ?'."
        ),
    ] = "",
    station: Annotated[
        list[str] | None,
        typer.Option("--station", metavar="NAME", help=f"Station Name; {_SEVERAL}."),
    ] = None,
    sop_class: Annotated[
        list[str] | None,
        typer.Option("--sop-class", metavar="UID", help=f"{_SEVERAL.capitalize()}."),
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="Ask each peer to commit what it accepted.")
    ] = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a rule; it holds for what happens from now on. What is not named does not matter."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.index.site.routed import Match
    from hounsfield.index.site.routing import Rule

    match = Match(
        tuple(source or ()),
        tuple(modality or ()),
        description,
        tuple(station or ()),
        tuple(sop_class or ()),
    )
    new = Rule(name, when.value, match, tuple(to), asks_commitment=commit)
    _tell(_with(data, settings, lambda routing: routing.add(LOCAL, new)), as_json)


def remove(rule: _Rule, data: Data = None, settings: SettingsFile = None) -> None:
    """Remove a rule; jobs that it made stay."""
    from hounsfield.archive.access import LOCAL

    def forget(routing: "Routing") -> None:
        routing.remove(LOCAL, routing.rule_named(LOCAL, rule).id)

    _with(data, settings, forget)
    console().print(f"{rule} is removed", markup=False)


def enable(
    rule: _Rule, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Let a rule hold from now on."""
    _switch(rule, data, settings, as_json, is_enabled=True)


def disable(
    rule: _Rule, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Let a rule hold no longer."""
    _switch(rule, data, settings, as_json, is_enabled=False)


def _switch(
    name: str, data: Path | None, file: Path | None, as_json: bool, *, is_enabled: bool
) -> None:
    from hounsfield.archive.access import LOCAL

    def switch(routing: "Routing") -> "Rule":
        return routing.enable(LOCAL, routing.rule_named(LOCAL, name), is_enabled=is_enabled)

    _tell(_with(data, file, switch), as_json)


def _with(data: Path | None, file: Path | None, work: "Callable[[Routing], Any]") -> Any:
    """Do something with the rules of an archive, beside a server if one runs."""
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.site.routing import Routing

    found = existing_archive(data, file)
    with (
        # Rules are in the index alone, and synced: there is nothing to compare after a crash.
        working_on(found.data, "hounsfield route", writes=False),
        open_archive(found) as archive,
    ):
        return work(Routing(archive.index, archive.peers))


def _tell(rule: "Rule", as_json: bool) -> None:
    if as_json:
        print_json(document(rule))
    else:
        console().print(sentence(rule), markup=False)


def document(rule: "Rule") -> dict[str, Any]:
    """A rule as scripts get it, as in the JSON API."""
    shown = asdict(rule)
    del shown["since_us"]
    return shown


def sentence(rule: "Rule") -> str:
    """A rule for people."""
    match = rule.match
    told = {
        "from": "/".join(match.source_ae_titles),
        "modality": "/".join(match.modalities),
        "description": match.study_description,
        "station": "/".join(match.station_names),
        "SOP class": "/".join(match.sop_classes),
    }
    what = ", ".join(f"{name} {value}" for name, value in told.items() if value) or "everything"
    whole = "study when complete" if rule.when == "complete" else "instance as received"
    state = "" if rule.is_enabled else " (disabled)"
    asked = ", asked to commit it" if rule.asks_commitment else ""
    return f"{rule.name}: {what}, each {whole}, to {', '.join(rule.destinations)}{asked}{state}"
