"""C-MOVE as SCU (PS3.4 C.4.2, PS3.7 9.1.4)."""

from collections.abc import Callable
from typing import Any

from hounsfield.dimse.command import CommandField, CommandTag
from hounsfield.dimse.scu.operation import Operation, never
from hounsfield.dimse.scu.requestor import ScuAssociation
from hounsfield.dimse.scu.retrieval import Progress, Retrieval


def move(
    scu: ScuAssociation,
    sop_class_uid: str,
    identifier: dict[str, Any],
    destination: str,
    *,
    charset: str = "",
    is_stopped: Callable[[], bool] = never,
    on_progress: Progress | None = None,
) -> Retrieval:
    """Have a peer send what an identifier names to an AE title; what comes of it is in the result.

    Raises NotAcceptable and Unavailable, the latter also where the peer ignores a C-CANCEL.
    """
    operation = Operation(
        scu,
        sop_class_uid,
        CommandField.C_MOVE_RQ,
        identifier,
        elements={CommandTag.MOVE_DESTINATION: destination},
        charset=charset,
        is_stopped=is_stopped,
    )
    retrieval = Retrieval()
    while True:
        _context, response = operation.receive()
        with scu.ended():
            data = scu.read_dataset()
        if not operation.is_answered_by(response):
            continue
        if retrieval.take(operation, response, data):
            return retrieval
        if on_progress is not None:
            on_progress(retrieval)
