"""Verification as SCP (PS3.4 annex A, PS3.7 section 9.1.5)."""

from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, respond
from hounsfield.dimse.status import Status
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext


def on_c_echo(association: Association, context: AcceptedContext, request: Command) -> Command:  # noqa: ARG001
    """Answer that we are there."""
    return respond(request, Status.SUCCESS)
