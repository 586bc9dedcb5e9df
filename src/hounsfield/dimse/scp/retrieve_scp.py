"""Retrieval as SCP: C-GET and C-MOVE by Patient Root, Study Root and Composite Instance Root (PS3.4 C.4.2, C.4.3, Y, Z)."""

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.frame_extraction import NoSuchFrames
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.site.addresses import can_be_called
from hounsfield.dicom.query import Key, Level, SingleValue, UidList, Universal, name_of
from hounsfield.dicom.sop_classes import (
    INSTANCE_ROOT_GET,
    INSTANCE_ROOT_MOVE,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    WITHOUT_BULK_DATA_GET,
)
from hounsfield.dicom.sop_classes import name_of as class_name_of
from hounsfield.dicom.transfer_syntax import of as transfer_syntax_of
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.identifier import (
    QUERY_RETRIEVE_LEVEL,
    UNIQUE_KEYS,
    is_relational,
    level_of,
    match_of,
    read_identifier,
    require_keys_above,
    vr_of_key,
)
from hounsfield.dimse.scp.forms import (
    ExtractedFrames,
    Frames,
    InvalidFrames,
    TimeOfFramesUnknown,
    WithoutBulkData,
)
from hounsfield.dimse.scp.sub_operations import Operation
from hounsfield.dimse.scu.requestor import ScuAssociation
from hounsfield.dimse.scu.store_scu import Originator
from hounsfield.dimse.sending import WHOLE, Form, batch_of, contexts_for, send_stored, syntax_for
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import (
    HounsfieldError,
    InvalidInstance,
    InvalidQuery,
    NotAcceptable,
    OutOfResources,
    Refused,
    Unavailable,
)
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer

log = logging.getLogger(__name__)

# A destination that ends so many associations, each over its first instance, takes none of the others either.
_MOST_LOST_IN_A_ROW = 5

MOVE_SOP_CLASSES = frozenset({PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE, INSTANCE_ROOT_MOVE})
GET_SOP_CLASSES = frozenset(
    {PATIENT_ROOT_GET, STUDY_ROOT_GET, INSTANCE_ROOT_GET, WITHOUT_BULK_DATA_GET}
)
_BY_INSTANCE = frozenset({INSTANCE_ROOT_MOVE, INSTANCE_ROOT_GET, WITHOUT_BULK_DATA_GET})
_SOP_INSTANCE_UID = "00080018"
_PATIENT_ROOT = frozenset({PATIENT_ROOT_MOVE, PATIENT_ROOT_GET})


class RetrieveScp:
    """Answers C-GET and C-MOVE over one archive."""

    def __init__(
        self,
        config: DimseConfig,
        retrieve: Retrieve,
        peers: Peers,
    ) -> None:
        self._config = config
        self._retrieve = retrieve
        self._peers = peers

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
        send: Callable[[Operation, Form], Status | None],
    ) -> Command | tuple[Command, bytes]:
        if context.abstract_syntax not in sop_classes:
            comment = f"this presentation context is not for {request.name}"
            return respond(request, Status.SOP_CLASS_NOT_SUPPORTED, comment=comment)
        try:
            identifier, _charset = read_identifier(association, context, request)
            locations, form = self._found(association.principal, context, identifier)
            operation = Operation(association, context, request, locations)
            ended_early = send(operation, form)
        except InvalidInstance as error:
            return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))
        except FrameError as error:
            log.warning("%s from %s refused: %s", request.name, association.calling_ae_title, error)
            return respond(request, error.status, comment=str(error))
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

    def _found(
        self,
        principal: Principal,
        context: AcceptedContext,
        identifier: dict[str, dict[str, Any]],
    ) -> tuple[list[InstanceLocation], Form]:
        """The instances that an identifier names, and in which form they are wanted."""
        if context.abstract_syntax not in _BY_INSTANCE:
            return self._below(principal, context, identifier), WHOLE
        # PS3.4 Y.6.1 and Z.6.1: instances stand alone, without the levels above.
        values = identifier.get(QUERY_RETRIEVE_LEVEL, {}).get("Value") or ["IMAGE"]
        if values[0] == "FRAME" and context.abstract_syntax != WITHOUT_BULK_DATA_GET:
            return self._frames(principal, identifier)
        if values[0] != "IMAGE":
            raise InvalidQuery(f"the level {str(values[0])[:16]!a} is none of this model")
        only = {_SOP_INSTANCE_UID: identifier.get(_SOP_INSTANCE_UID, {"vr": "UI"})}
        found = self._locate(principal, _unique_keys(Level.IMAGE, only))
        is_light = context.abstract_syntax == WITHOUT_BULK_DATA_GET
        return found, WithoutBulkData() if is_light else WHOLE

    def _frames(
        self, principal: Principal, identifier: dict[str, dict[str, Any]]
    ) -> tuple[list[InstanceLocation], Form]:
        """The one new instance of the frames that are asked for (Y.4.2.3)."""
        only = {_SOP_INSTANCE_UID: identifier.get(_SOP_INSTANCE_UID, {"vr": "UI"})}
        keys = _unique_keys(Level.IMAGE, only)
        if not isinstance(keys[0].match, SingleValue):
            raise FrameError(Status.INVALID_FRAMES_REQUEST, "frames are those of one instance")
        try:
            wanted = Frames(identifier)
        except TimeOfFramesUnknown as error:
            raise FrameError(Status.TIME_OF_FRAMES_UNKNOWN, str(error)) from error
        except InvalidFrames as error:
            raise FrameError(Status.INVALID_FRAMES_REQUEST, str(error)) from error
        found = self._locate(principal, keys)[:1]
        if not found:
            return [], WHOLE
        form = ExtractedFrames(found[0], wanted)
        try:
            form.make(self._retrieve)
        except NoSuchFrames as error:
            raise FrameError(Status.NO_SUCH_FRAMES, str(error)) from error
        except InvalidFrames as error:
            raise FrameError(Status.INVALID_FRAMES_REQUEST, str(error)) from error
        except (NotAcceptable, InvalidInstance) as error:
            raise FrameError(Status.UNABLE_TO_EXTRACT_FRAMES, str(error)) from error
        return [dataclasses.replace(found[0], sop_instance_uid=form.sop_instance_uid)], form

    def _below(
        self,
        principal: Principal,
        context: AcceptedContext,
        identifier: dict[str, dict[str, Any]],
    ) -> list[InstanceLocation]:
        """The instances below the unique keys of an identifier, in the order of their series."""
        top = Level.PATIENT if context.abstract_syntax in _PATIENT_ROOT else Level.STUDY
        level = level_of(identifier, top)
        if not is_relational(context.application_information):
            require_keys_above(level, identifier, top)
        return self._locate(principal, _unique_keys(level, identifier))

    def _locate(self, principal: Principal, keys: tuple[Key, ...]) -> list[InstanceLocation]:
        try:
            return self._retrieve.locate_by(principal, keys)
        except (Unavailable, OutOfResources) as problem:
            raise Uncounted(str(problem)) from problem

    # -- C-GET ----------------------------------------------------------------------------------------

    def _get(self, operation: Operation, form: Form) -> Status | None:
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
            syntax = syntax_for(location, contexts, form=form)
            if syntax is None:
                _say_not_offered(association, location)
                operation.done(location, None)
                continue
            message_id = message_id % 0xFFFF + 1
            context = contexts[location.sop_class_uid, syntax]
            status = self._store_back(operation, location, context, message_id, form)
            operation.done(location, status)
        return None

    def _store_back(
        self,
        operation: Operation,
        location: InstanceLocation,
        context: AcceptedContext,
        message_id: int,
        form: Form,
    ) -> int | None:
        """Send one instance to the requestor; the status that it answers."""
        request = Command.of(
            CommandField.C_STORE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: location.sop_class_uid,
                CommandTag.MESSAGE_ID: message_id,
                CommandTag.PRIORITY: operation.request.priority,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: location.sop_instance_uid,
            },
            dataset=True,
        )
        association = operation.association
        try:
            with form.read(self._retrieve, location, context.transfer_syntax) as read_into:
                association.send_message(context.context_id, request, read_into)
        except HounsfieldError as error:
            log.warning("%s cannot be read: %s", location.storage_key, error)
            return None
        return operation.response_to(message_id)

    # -- C-MOVE ---------------------------------------------------------------------------------------

    def _move(self, operation: Operation, form: Form) -> Status | None:
        destination = operation.request.move_destination
        if operation.association.recording is not None:
            operation.association.recording.remark(destination=destination)
        peer = self._destination(destination, operation.association.peer)
        target = target_of(peer, self._config.ae_title)
        preferred = peer.transfer_syntaxes
        request = operation.request
        originator = Originator(
            operation.association.calling_ae_title, request.message_id, request.priority
        )
        lost = 0
        while left := operation.left:
            batch = batch_of(left, preferred, form)
            proposed = dict.fromkeys(
                context for one in batch for context in contexts_for(one, preferred, form)
            )
            try:
                with ScuAssociation(target, list(proposed)) as scu:
                    for location in batch:
                        if operation.is_cancelled():
                            return Status.CANCEL
                        try:
                            sent = send_stored(
                                scu, self._retrieve, location, move_originator=originator,
                                preferred=preferred, form=form,
                            )  # fmt: skip
                        except Unavailable:
                            # What the destination ends the association over is one failure; the others go on.
                            lost += 1
                            if lost < _MOST_LOST_IN_A_ROW:
                                operation.done(location, None)
                            raise
                        lost = 0
                        operation.done(location, sent.status)
            except (Unavailable, Refused) as problem:
                log.warning("C-MOVE to %s: %s", target, problem)
                operation.comment = str(problem)
                if not 0 < lost < _MOST_LOST_IN_A_ROW or len(operation.left) == len(left):
                    operation.give_up()
        return None

    def _destination(self, ae_title: str, requestor: Peer | None) -> Peer:
        """The peer of a name: of several, the one that asks for itself. Raises UnknownDestination."""
        known = [peer for peer in self._peers.by_ae_title(ae_title) if can_be_called(peer)]
        if requestor in known:
            return requestor
        for peer in known:
            return peer
        raise UnknownDestination(f"no peer with AE title {ae_title[:16]!a}, host and port is known")


def _say_not_offered(association: Association, location: InstanceLocation) -> None:
    """QR-09: what a C-GET asks for and cannot be given for want of a context."""
    sop_class = class_name_of(location.sop_class_uid)
    syntax = transfer_syntax_of(location.transfer_syntax_uid).name
    log.info("%s was not offered %s in %s", association.calling_ae_title, sop_class, syntax)
    if association.recording is not None:
        association.recording.found("get-no-context", {"contexts": f"{sop_class} in {syntax}"})


class FrameError(HounsfieldError):
    """Frames that cannot be had; ``status`` says why (PS3.4 Y.4.1.1.4)."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(text)
        self.status = status


class Uncounted(HounsfieldError):
    """How many instances a retrieval stands for cannot be found out (A701)."""


class UnknownDestination(HounsfieldError):
    """A C-MOVE names a destination that we cannot send to."""


def _unique_keys(level: Level, identifier: dict[str, dict[str, Any]]) -> tuple[Key, ...]:
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
