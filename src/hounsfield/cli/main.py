"""The entry point: collects the commands and turns errors into exit codes."""

import typer

from hounsfield.cli import (
    availability,
    commitment,
    configuration,
    filing,
    finding,
    jobs,
    network,
    orders,
    peers,
    remote,
    routing,
    serving,
    tls,
    trash,
    upkeep,
    work_items,
)
from hounsfield.cli.output import EXIT_CODES, ExitCode, Failure, fail
from hounsfield.errors import HounsfieldError, Unavailable

app = typer.Typer(
    name="hounsfield",
    help="A PACS: receives medical images, keeps every byte, finds them and shows them.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    serving,
    filing,
    finding,
    network,
    peers,
    orders,
    remote,
    jobs,
    routing,
    commitment,
    availability,
    tls,
    trash,
    upkeep,
    work_items,
    configuration,
):
    module.register(app)


def main() -> None:
    """Run the command that the command line names."""
    from hounsfield.app.listeners import CannotListen
    from hounsfield.app.lock import InUse
    from hounsfield.settings.reading import SettingsError

    try:
        app()  # ends with the exit code of the command; wrong usage is 2, Ctrl-C 130
    except Failure as failure:
        fail(failure, failure.code)
    except SettingsError as problem:
        fail(problem, ExitCode.USAGE)
    except (InUse, CannotListen, Unavailable) as problem:
        fail(problem, ExitCode.UNAVAILABLE)
    except HounsfieldError as problem:
        fail(problem, ExitCode.FAILED)
    except UnicodeEncodeError as problem:
        if "surrogates" not in problem.reason:
            raise
        fail(ValueError("an argument is no text in UTF-8"), ExitCode.USAGE)
    except OSError as problem:  # a folder that may not be written, most likely
        where = f"{problem.filename}: " if problem.filename else ""
        fail(OSError(f"{where}{problem.strerror or problem}"), ExitCode.FAILED)
