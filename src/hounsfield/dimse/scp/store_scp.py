"""Storage as SCP: a data set goes from the network to the archive as it comes (PS3.4 annex B, PS3.7 9.1.1)."""

import logging

from hounsfield.archive.store import InstanceStore, Source
from hounsfield.dicom.part10 import file_meta
from hounsfield.dimse.acceptance import is_storable
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, respond
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError
from hounsfield.storage.objects import Spool

log = logging.getLogger(__name__)


class StoreScp:
    """Answers C-STORE over one archive; where ``within_study`` is given, for instances of that study only."""

    def __init__(
        self, store: InstanceStore, *, max_skipped_bytes: int, within_study: str | None = None
    ) -> None:
        self._store = store
        self._within_study = within_study
        self._max_skipped_bytes = max_skipped_bytes

    def on_c_store(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command:
        """Store the data set that follows, and answer when it is safe (STO-02).

        After an error the rest of the data set is read and forgotten, so that the answer can be given and
        the association goes on. AssociationEnded leaves nothing behind.
        """
        try:
            status, comment = self._store_dataset(association, context, request)
        except HounsfieldError as error:
            status, comment = status_of(error), str(error)
            log.warning("C-STORE from %s failed: %04X", association.peer_ae_title, status)
            log.debug("C-STORE failed: %s", error)
        association.skip_dataset(self._max_skipped_bytes)
        return respond(request, status, comment=comment)

    def _store_dataset(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> tuple[Status, str]:
        if not is_storable(context.abstract_syntax):
            return Status.SOP_CLASS_NOT_SUPPORTED, "this presentation context is not for storage"
        if not request.has_dataset:
            return Status.CANNOT_UNDERSTAND, "the C-STORE has no data set"
        sop_class_uid = request.affected_sop_class_uid
        sop_instance_uid = request.affected_sop_instance_uid
        peer = association.peer_ae_title
        spool = self._store.spool()
        try:
            _receive(association, context, request, spool)
            source = Source(association.principal, "dimse", peer)
        except BaseException:
            spool.discard()
            raise
        self._store.store_instance(
            spool,
            source,
            expected=(sop_class_uid, sop_instance_uid),
            within_study=self._within_study,
        )
        return Status.SUCCESS, ""


def _receive(
    association: Association, context: AcceptedContext, request: Command, spool: Spool
) -> None:
    """Write a Part 10 file: the meta information we make (STO-07), then the bytes as they come."""
    write = spool.write
    write(
        file_meta(
            sop_class_uid=request.affected_sop_class_uid,
            sop_instance_uid=request.affected_sop_instance_uid,
            transfer_syntax_uid=context.transfer_syntax,
            source_ae_title=association.peer_ae_title,
            sending_ae_title=association.peer_ae_title,
            receiving_ae_title=association.our_ae_title,
        )
    )
    for piece in association.dataset():
        write(piece)
