"""Retrieval as SCP: Patient Root and Study Root C-GET and C-MOVE (PS3.4 C.4.2, C.4.3)."""

import logging
from collections.abc import Callable

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.dicom.query import Key, Level, SingleValue, UidList, Universal, name_of
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.config import DimseConfig, Peer
from hounsfield.dimse.identifier import (
    UNIQUE_KEYS,
    is_relational,
    level_of,
    match_of,
    read_identifier,
    require_keys_above,
    vr_of_key,
)
from hounsfield.dimse.scp.sub_operations import Operation
from hounsfield.dimse.scu.requestor import ScuAssociation, Target
from hounsfield.dimse.sending import batch_of, contexts_for, read_in, send_stored, syntax_for
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import (
    HounsfieldError,
    InvalidInstance,
    InvalidQuery,
    OutOfResources,
    Refused,
    Unavailable,
)
from hounsfield.index.records import InstanceLocation

log = logging.getLogger(__name__)

PATIENT_ROOT_MOVE, PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_MOVE, STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.1.2.2.3"
MOVE_SOP_CLASSES = frozenset({PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE})
GET_SOP_CLASSES = frozenset({PATIENT_ROOT_GET, STUDY_ROOT_GET})
_PATIENT_ROOT = frozenset({PATIENT_ROOT_MOVE, PATIENT_ROOT_GET})


class RetrieveScp:
    """Answers C-GET and C-MOVE over one archive."""

    def __init__(self, config: DimseConfig, search: Search, retrieve: Retrieve) -> None:
        self._config = config
        self._search = search
        self._retrieve = retrieve

    def on_c_get(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command | tuple[Command, bytes]:
        """Send the instances over the same association, on which the peer offered to store (QR-09)."""
        return self._answer(association, context, request, GET_SOP_CLASSES, self._get)

    def on_c_move(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command | tuple[Command, bytes]:
        """Send the instances to a peer that we know (QR-08)."""
        return self._answer(association, context, request, MOVE_SOP_CLASSES, self._move)

    def _answer(
        self,
        association: Association,
        context: AcceptedContext,
        request: Command,
        sop_classes: frozenset[str],
        send: Callable[[Operation], Status | None],
    ) -> Command | tuple[Command, bytes]:
        if context.abstract_syntax not in sop_classes:
            comment = f"this presentation context is not for {request.name}"
            return respond(request, Status.SOP_CLASS_NOT_SUPPORTED, comment=comment)
        try:
            identifier, _charset = read_identifier(association, context, request)
            locations = self._locate(association.principal, context, identifier)
            operation = Operation(association, context, request, locations)
            ended_early = send(operation)
        except InvalidInstance as error:
            return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))
        except UnknownDestination as error:
            log.warning("%s from %s refused: %s", request.name, association.calling_ae_title, error)
            return respond(request, Status.MOVE_DESTINATION_UNKNOWN, comment=str(error))
        except Uncounted as error:
            log.warning("%s from %s failed: %s", request.name, association.calling_ae_title, error)
            return respond(request, Status.UNABLE_TO_COUNT_MATCHES, comment=str(error))
        except HounsfieldError as error:
            log.warning("%s from %s refused: %s", request.name, association.calling_ae_title, error)
            return respond(request, status_of(error), comment=str(error))
        return operation.finish(ended_early)

    # -- what is asked for -------------------------------------------------------------------------

    def _locate(
        self,
        principal: Principal,
        context: AcceptedContext,
        identifier: dict[str, dict[str, object]],
    ) -> list[InstanceLocation]:
        """The instances below the unique keys of an identifier, in the order of their series."""
        top = Level.PATIENT if context.abstract_syntax in _PATIENT_ROOT else Level.STUDY
        level = level_of(identifier, top)
        if not is_relational(context.application_information):
            require_keys_above(level, identifier, top)
        try:
            return self._retrieve.locate_by(principal, _unique_keys(level, identifier))
        except (Unavailable, OutOfResources) as problem:
            raise Uncounted(str(problem)) from problem

    # -- C-GET ----------------------------------------------------------------------------------------

    def _get(self, operation: Operation) -> Status | None:
        association = operation.association
        contexts = {
            (context.abstract_syntax, context.transfer_syntax): context
            for context in association.contexts.values()
            if context.requestor_is_scp
        }
        message_id = operation.request.message_id
        for location in operation.locations:
            if operation.is_cancelled():
                return Status.CANCEL
            syntax = syntax_for(location, contexts)
            if syntax is None:
                log.info(
                    "%s was not offered %s in %s", association.calling_ae_title,
                    location.sop_class_uid, location.transfer_syntax_uid,
                )  # fmt: skip
                operation.done(location, None)
                continue
            message_id = message_id % 0xFFFF + 1
            context = contexts[location.sop_class_uid, syntax]
            operation.done(location, self._store_back(operation, location, context, message_id))
        return None

    def _store_back(
        self,
        operation: Operation,
        location: InstanceLocation,
        context: AcceptedContext,
        message_id: int,
    ) -> int | None:
        """Send one instance to the requestor; the status that it answers."""
        request = Command.of(
            CommandField.C_STORE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: location.sop_class_uid,
                CommandTag.MESSAGE_ID: message_id,
                CommandTag.PRIORITY: 0,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: location.sop_instance_uid,
            },
            dataset=True,
        )
        association = operation.association
        try:
            with read_in(self._retrieve, location, context.transfer_syntax) as read_into:
                association.send_message(context.context_id, request, read_into)
        except HounsfieldError as error:
            log.warning("%s cannot be read: %s", location.storage_key, error)
            return None
        return operation.response_to(message_id)

    # -- C-MOVE ---------------------------------------------------------------------------------------

    def _move(self, operation: Operation) -> Status | None:
        peer = self._destination(operation.request.move_destination)
        assert peer.host is not None
        assert peer.port is not None
        target = Target(peer.host, peer.port, peer.ae_title, self._config.ae_title)
        originator = (operation.association.calling_ae_title, operation.request.message_id)
        while left := operation.left:
            batch = batch_of(left)
            proposed = dict.fromkeys(context for one in batch for context in contexts_for(one))
            try:
                with ScuAssociation(target, list(proposed)) as scu:
                    for location in batch:
                        if operation.is_cancelled():
                            return Status.CANCEL
                        sent = send_stored(
                            scu, self._retrieve, location, move_originator=originator
                        )
                        operation.done(location, sent.status)
            except (Unavailable, Refused) as problem:
                log.warning("C-MOVE to %s: %s", target, problem)
                operation.comment = str(problem)
                operation.give_up()
        return None

    def _destination(self, ae_title: str) -> Peer:
        """The peer of a name; raises UnknownDestination."""
        for peer in self._config.peers:
            if peer.ae_title == ae_title and peer.host is not None and peer.port is not None:
                return peer
        raise UnknownDestination(f"no peer with AE title {ae_title[:16]!a}, host and port is known")


class Uncounted(HounsfieldError):
    """How many instances a retrieval stands for cannot be found out (A701)."""


class UnknownDestination(HounsfieldError):
    """A C-MOVE names a destination that we cannot send to."""


def _unique_keys(level: Level, identifier: dict[str, dict[str, object]]) -> tuple[Key, ...]:
    """The keys of a retrieval: those of the level, one or a list, and of the levels above (C.4.2.2.1)."""
    keys = []
    for at in Level:
        tag = UNIQUE_KEYS[at]
        attribute = identifier.get(f"{tag:08X}")
        if at.depth > level.depth or attribute is None:
            continue
        match = match_of(tag, attribute)
        if isinstance(match, SingleValue | UidList):
            keys.append(Key(tag, vr_of_key(tag), match))
        elif not isinstance(match, Universal):
            raise InvalidQuery(f"{name_of(tag)} must be a value, not a pattern, to be retrieved by")
    if not any(key.tag == UNIQUE_KEYS[level] for key in keys):
        raise InvalidQuery(f"at {level} level {name_of(UNIQUE_KEYS[level])} must have values")
    return tuple(keys)
