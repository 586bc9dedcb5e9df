"""`hounsfield check` and `hounsfield rebuild`: what keeps an archive whole."""

from collections import Counter

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    SettingsFile,
    console,
    existing_archive,
    print_json,
    progress,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(check)
    app.command()(rebuild)


def check(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Read every stored byte again and compare; the server may run meanwhile.

    Names what is damaged (other bytes than were received), missing (in the index, but not there),
    orphaned (there, but not in the index) and foreign (no file of the archive). Exit code 1 if there
    is anything to name. With --json: one line for each finding, then a summary.
    """
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.check import check as look

    configured = existing_archive(data, settings)
    counts: Counter[str] = Counter()
    with (
        working_on(configured.data, "hounsfield check", writes=False),
        open_archive(configured) as archive,
        progress() as bar,
    ):
        task = bar.add_task("checking", total=archive.search.totals(LOCAL).instances)
        checked = 0

        def progressed(done: int) -> None:
            nonlocal checked
            checked = done
            bar.update(task, completed=done)

        for finding in look(archive.storage, archive.index, progressed):
            counts[finding.problem] += 1
            if as_json:
                line = {"problem": finding.problem, "key": finding.key, "detail": finding.detail}
                print_json(line)
            else:
                console().print(
                    f"{finding.problem:8} {finding.key}: {finding.detail}", markup=False
                )
    names = ("damaged", "missing", "orphaned", "foreign")
    if as_json:
        print_json({"summary": {"objects": checked, **{name: counts[name] for name in names}}})
    else:
        found = ", ".join(f"{counts[name]} {name}" for name in names if counts[name])
        console().print(f"{checked} objects checked: {found or 'all is well'}")
    if counts:
        raise typer.Exit(ExitCode.FAILED)


def rebuild(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Make the index anew from the stored files; no server may run on the folder meanwhile.

    The old index stays in force until the new one is complete; what the site has set up (peers, orders,
    jobs …) is taken over from it. Exit code 1 if an object could not be indexed, which is named and stays
    where it is, or if the old index is damaged. With --json: one line for each of these, then a summary.
    """
    from hounsfield.app.lock import alone_with
    from hounsfield.app.rebuilding import rebuild_index
    from hounsfield.app.supervisor import ROLES

    configured = existing_archive(data, settings)
    with alone_with(configured.data, "hounsfield rebuild", ROLES), progress() as bar:
        task = bar.add_task("rebuilding", total=None)
        rebuilt = rebuild_index(
            configured, lambda done, total: bar.update(task, completed=done, total=total)
        )
    for key, reason in rebuilt.failed:
        if as_json:
            print_json({"key": key, "outcome": "failed", "reason": reason})
        else:
            console().print(f"not indexed: {key}: {reason}", markup=False)
    for table in rebuilt.damaged_tables:
        if as_json:
            print_json({"table": table, "outcome": "damaged"})
        else:
            console().print(f"not taken over whole from the old index, which is kept: {table}")
    if as_json:
        print_json({"summary": {"indexed": rebuilt.indexed, "failed": len(rebuilt.failed)}})
    else:
        console().print(f"{rebuilt.indexed} objects indexed, {len(rebuilt.failed)} not")
    if rebuilt.failed or rebuilt.damaged_tables:
        raise typer.Exit(ExitCode.FAILED)
