"""Modality worklist as SCP (PS3.4 annex K)."""

import logging
from typing import Any

from hounsfield.archive.site.orders import OrderBook
from hounsfield.dicom import items
from hounsfield.dicom.orders import worklist_item
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, respond
from hounsfield.dimse.identifier import read_identifier
from hounsfield.dimse.scp.item_answers import send_items
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError, InvalidInstance

log = logging.getLogger(__name__)


# What an item can say; anything else that is asked for is answered empty, with FF01.
_KNOWN = worklist_item({}, "SCHEDULED")
_NOT_KEYS = frozenset({"00080005", "00080201", "00080052"})


class WorklistScp:
    """Answers the C-FINDs of modalities over one order book."""

    def __init__(
        self, orders: OrderBook, *, only_own_station: bool = False, keeps_started: bool = True
    ) -> None:
        self._orders = orders
        self._keeps_started = keeps_started
        self._only_own_station = only_own_station

    def on_c_find(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command:
        """Send a Pending response for each item that matches, and return the final one (MWL-01, MWL-02).

        Texts are in the character set that the modality asks in, or that its peer is set to, where that can hold
        them; otherwise in UTF-8 (MWL-04).
        """
        try:
            identifier, charset = read_identifier(association, context, request)
            status = Status.PENDING
            if not is_known(identifier, _KNOWN):
                status = Status.PENDING_OPTIONAL_KEYS_UNSUPPORTED
            station = association.calling_ae_title if self._only_own_station else ""
            found = self._orders.worklist(
                association.principal,
                items.keys_of(identifier),
                offset_from_utc=items.offset_of(identifier),
                only_station=station,
                keeps_started=self._keeps_started,
            )
            return send_items(
                association, context, request, identifier, found, charset=charset, status=status
            )
        except InvalidInstance as error:
            return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))
        except HounsfieldError as error:
            name = association.calling_ae_title
            log.warning("worklist query from %s refused: %s", name, error)
            return respond(request, status_of(error), comment=str(error))


def is_known(identifier: items.DataSet, known: dict[str, Any]) -> bool:
    """Whether everything that an identifier asks for is among what we can say."""
    for tag, key in identifier.items():
        if tag in _NOT_KEYS or tag.endswith("0000"):
            continue
        if tag not in known:
            return False
        inside = items.first_item(known[tag]) if key["vr"] == "SQ" else {}
        if inside and not is_known(items.first_item(key), dict(inside)):
            return False
    return True
