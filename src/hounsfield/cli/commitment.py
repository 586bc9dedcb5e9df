"""`hounsfield commit`: ask a peer to take responsibility for what it was sent (PS3.4 annex J)."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    SettingsFile,
    console,
    existing_archive,
    print_json,
)

if TYPE_CHECKING:
    from hounsfield.dicom.commitment import Reference

_LOOK_EVERY_S = 0.2


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(commit)


def commit(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A Study Instance UID.")],
    peer: Annotated[str, typer.Argument(metavar="PEER", help="A peer's name.")],
    wait_s: Annotated[
        float,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=0.0,
            max=86_400.0,
            help="How long to wait for the result.",
        ),
    ] = 30.0,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask a peer by storage commitment whether it keeps the instances of a study.

    Peers answer on the same association or on one of their own to our server, which must be running then. Exit code 1
    if some are not committed, 3 if there is no result yet: what comes later is kept all the same.
    """
    from hounsfield.app.archive import open_archive
    from hounsfield.app.calls import recording_calls
    from hounsfield.app.lock import working_on
    from hounsfield.archive.site.commitment import new_transaction_uid
    from hounsfield.archive.site.peers import peer_named
    from hounsfield.dimse.scu.commitment_scu import references_of, request_commitment, summary
    from hounsfield.dimse.targets import target_of
    from hounsfield.index.site.commitment_records import Request
    from hounsfield.index.site.commitments import Commitments

    configured = existing_archive(data, settings)
    with (
        working_on(configured.data, "hounsfield commit", writes=False),
        open_archive(configured) as archive,
        recording_calls(archive),
    ):
        known = peer_named(archive.peers, peer)
        ours = configured.dimse.ae_title
        request = Request(
            new_transaction_uid(),
            known.ae_title,
            ours,
            references_of(archive.retrieve, study),
            peer=known.name,
            study_instance_uid=study,
        )
        until = time.monotonic() + wait_s
        commitments = Commitments(archive.index.database)
        asked = request_commitment(
            commitments, target_of(known, ours), request, wait_s=min(wait_s, 10.0)
        )
        while asked.state == "asked" and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
            asked = commitments.by_id(asked.id) or asked
        references = commitments.references(asked.id)
    if as_json:
        print_json(_document(request.transaction_uid, asked.state, references))
    elif asked.state == "answered":
        console().print(f"{known.name}: {summary(references)}", markup=False)
    else:
        console().print(f"{known.name} was asked and has not answered yet", markup=False)
    if asked.state != "answered":
        raise typer.Exit(ExitCode.UNAVAILABLE)
    if not all(one.is_committed for one in references):
        raise typer.Exit(ExitCode.FAILED)


def _document(transaction_uid: str, state: str, references: list["Reference"]) -> dict[str, object]:
    from hounsfield.dicom.commitment import explain

    return {
        "TransactionUID": transaction_uid,
        "state": state,
        "committed": sum(one.is_committed for one in references),
        "total": len(references),
        "failed": [
            {"SOPInstanceUID": one.sop_instance_uid, "reason": explain(one.failure_reason)}
            for one in references
            if not one.is_committed
        ],
    }
