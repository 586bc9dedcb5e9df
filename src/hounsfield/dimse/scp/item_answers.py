"""Answers to a C-FIND that is matched item by item: worklists and work items (PS3.4 K.4.1.3, CC.2.8.3)."""

from collections.abc import Iterable

from hounsfield.dicom import items
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, respond
from hounsfield.dimse.status import Status
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext


def send_items(
    association: Association,
    context: AcceptedContext,
    request: Command,
    identifier: items.DataSet,
    found: Iterable[items.DataSet],
    *,
    charset: str,
    status: int = Status.PENDING,
) -> Command:
    """Send what the identifier asks of each item with a Pending ``status``; gives the final response.

    Texts are in ``charset`` where that can hold them, else in UTF-8. It ends when the peer cancels it.
    """
    pending = respond(request, status, dataset=True)
    for item in found:
        if association.is_cancelled(request.message_id):
            return respond(request, Status.CANCEL)
        data = encode_dataset(items.answer(identifier, item), context.transfer_syntax, charset)
        association.send_answers(context.context_id, pending, [data])
    return respond(request, Status.SUCCESS)
