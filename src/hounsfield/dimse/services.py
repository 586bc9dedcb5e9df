"""The services we offer on an association, one handler a request (PS3.7 sections 7 and 8)."""

import dataclasses
import io
import logging
import time
from collections.abc import Callable
from functools import partial

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.site.orders import OrderBook
from hounsfield.archive.site.peers import caller_at
from hounsfield.archive.site.procedure_steps import ProcedureSteps
from hounsfield.archive.site.work_item_watchers import receiver_of
from hounsfield.archive.site.work_items import UnifiedWorklist
from hounsfield.archive.store import InstanceStore
from hounsfield.dicom.sop_classes import MODALITY_WORKLIST_FIND, STORAGE_COMMITMENT_PUSH_MODEL
from hounsfield.dimse.acceptance import may_come_by
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, respond
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.exchange import AssociationEnded
from hounsfield.dimse.scp.commitment_scp import CommitmentScp
from hounsfield.dimse.scp.echo_scp import on_c_echo
from hounsfield.dimse.scp.find_scp import FindScp
from hounsfield.dimse.scp.procedure_step_scp import ProcedureStepScp
from hounsfield.dimse.scp.retrieve_scp import RetrieveScp
from hounsfield.dimse.scp.store_scp import StoreScp
from hounsfield.dimse.scp.work_item_scp import WorkItemScp
from hounsfield.dimse.scp.worklist_scp import WorklistScp
from hounsfield.dimse.status import Status
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.peers import Peers
from hounsfield.pixels.pool import DecodePool

# Looked up for each request, rights would cost more than a short answer does.
_RIGHTS_HOLD_S = 1.0

log = logging.getLogger(__name__)

# A handler gives the final response, and the bytes of its data set where it has one.
Handler = Callable[[Association, AcceptedContext, Command], Command | tuple[Command, bytes]]


class Services:
    """Finds the handler of a request and answers for those that have none."""

    def __init__(
        self,
        config: DimseConfig,
        store: InstanceStore,
        peers: Peers,
        decoding: DecodePool | None = None,
    ) -> None:
        self._max_skipped_bytes = config.max_skipped_bytes
        self._peers = peers
        search = Search(store.index)
        retrieve_scp = RetrieveScp(
            config, Retrieve(store.storage, store.index, decoding=decoding), peers
        )
        store_scp = StoreScp(store, max_skipped_bytes=config.max_skipped_bytes)
        self._commitment_scp = CommitmentScp(
            Commitments(store.index.database), peers, idle_s=config.times.idle_s
        )
        worklist_scp = WorklistScp(
            OrderBook(store.index),
            only_own_station=config.worklist_only_own_station,
            keeps_started=config.worklist_keeps_started,
        )
        procedure_step_scp = ProcedureStepScp(ProcedureSteps(store.index))
        work_item_scp = WorkItemScp(UnifiedWorklist(store.index, partial(receiver_of, peers)))
        # By request and SOP class of the context; "" is for the classes that are not named.
        self._handlers: dict[tuple[int, str], Handler] = {
            (CommandField.C_ECHO_RQ, ""): on_c_echo,
            (CommandField.C_STORE_RQ, ""): store_scp.on_c_store,
            (CommandField.C_FIND_RQ, ""): FindScp(search, config.ae_title).on_c_find,
            (CommandField.C_GET_RQ, ""): retrieve_scp.on_c_get,
            (CommandField.C_MOVE_RQ, ""): retrieve_scp.on_c_move,
            (
                CommandField.N_ACTION_RQ,
                STORAGE_COMMITMENT_PUSH_MODEL,
            ): self._commitment_scp.on_n_action,
            (
                CommandField.N_EVENT_REPORT_RQ,
                STORAGE_COMMITMENT_PUSH_MODEL,
            ): self._commitment_scp.on_n_event_report,
            **procedure_step_scp.handlers(),
            **work_item_scp.handlers(),
            (CommandField.C_FIND_RQ, MODALITY_WORKLIST_FIND): worklist_scp.on_c_find,
        }

    def _renew_rights(self, association: Association) -> None:
        """What a peer may is what it may now: a right that was taken away counts for the next request."""
        now = time.monotonic()
        if association.peer is None or now - association.rights_known_at < _RIGHTS_HOLD_S:
            return
        try:
            known = self._peers.by_ae_title(association.calling_ae_title)
        except HounsfieldError:  # the index is not to be had: they stay as they are
            return
        association.rights_known_at = now
        peer = caller_at(known, association.peer_address)
        if not may_come_by(peer, is_tls=association.is_tls, shown=association.certificate):
            peer = None
        association.peer = peer or association.peer
        may = frozenset[str]() if peer is None else peer.may
        association.principal = dataclasses.replace(association.principal, may=may)

    def ended(self, association: Association) -> None:
        """Forget what was kept for an association."""
        self._commitment_scp.ended(association)

    def answer_one(self, association: Association) -> tuple[Command, Command] | None:
        """Receive one message and answer it; None for what has no answer. Raises AssociationEnded."""
        self._commitment_scp.report_while_idle(association)
        context, command = association.receive_command()
        self._renew_rights(association)
        if command.is_response:
            self._commitment_scp.on_response(association, command)
        if command.is_response or command.command_field == CommandField.C_CANCEL_RQ:
            # PS3.7 9.3.2.3: a cancel that comes too late is passed over; so is an answer to nothing.
            association.skip_dataset(self._max_skipped_bytes)
            return None
        field = command.command_field
        handler = self._handlers.get((field, context.abstract_syntax)) or self._handlers.get(
            (field, "")
        )
        if handler is None:
            response: Command | tuple[Command, bytes] = respond(
                command, Status.UNRECOGNIZED_OPERATION, comment=f"{command.name} is not offered"
            )
        else:
            try:
                response = handler(association, context, command)
            except AssociationEnded:
                raise
            except Exception:
                # One instance that trips us must not end the association for those behind it.
                log.exception("%s from %s failed", command.name, association.calling_ae_title)
                response = respond(
                    command, Status.PROCESSING_FAILURE, comment="an error here; see our log"
                )
        association.skip_dataset(self._max_skipped_bytes)
        if isinstance(response, Command):
            association.send_command(context.context_id, response)
            return command, response
        response, data = response
        association.send_message(context.context_id, response, io.BytesIO(data).readinto)
        return command, response
