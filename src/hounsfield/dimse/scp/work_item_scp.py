"""Unified Procedure Step as SCP: Push, Watch, Pull and Query (PS3.4 CC.2, CC.3); events go out by `scu.work_item_scu`."""

import logging
from collections.abc import Callable
from typing import Any

from hounsfield.archive.site.work_items import (
    DuplicateWorkItem,
    InvalidWorkItem,
    RuleBroken,
    UnifiedWorklist,
)
from hounsfield.dicom import items
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sop_classes import UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH
from hounsfield.dicom.work_items import (
    SOP_INSTANCE_UID,
    STATE,
    TRANSACTION_UID,
    Notice,
    Rule,
    value_of,
)
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, respond
from hounsfield.dimse.identifier import read_identifier
from hounsfield.dimse.scp.item_answers import send_items
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import (
    HounsfieldError,
    InvalidInstance,
    InvalidQuery,
    OutOfResources,
    Unavailable,
)

log = logging.getLogger(__name__)

WORK_ITEM_SOP_CLASSES = frozenset({UPS_PUSH, UPS_WATCH, UPS_PULL, UPS_QUERY})

_RECEIVING_AE, _DELETION_LOCK = "00741234", "00741230"
CHANGE_STATE, REQUEST_CANCEL, SUBSCRIBE, UNSUBSCRIBE, SUSPEND = 1, 2, 3, 4, 5
# Tables CC.2-1 to CC.2-5: which class does what.
_ACTIONS = {
    UPS_PUSH: frozenset({REQUEST_CANCEL}),
    UPS_PULL: frozenset({CHANGE_STATE}),
    UPS_WATCH: frozenset({REQUEST_CANCEL, SUBSCRIBE, UNSUBSCRIBE, SUSPEND}),
    UPS_QUERY: frozenset(),
}

STATUS_OF_RULE: dict[Rule, int] = {
    Rule.MAY_NO_LONGER_BE_UPDATED: 0xC300,
    Rule.WRONG_TRANSACTION_UID: 0xC301,
    Rule.ALREADY_IN_PROGRESS: 0xC302,
    Rule.ONLY_CREATION_SCHEDULES: 0xC303,
    Rule.FINAL_STATE_REQUIREMENTS: 0xC304,
    Rule.NO_SUCH_WORK_ITEM: 0xC307,
    Rule.RECEIVER_UNKNOWN: 0xC308,
    Rule.NOT_CREATED_SCHEDULED: 0xC309,
    Rule.NOT_YET_IN_PROGRESS: 0xC310,
    Rule.ALREADY_COMPLETED: 0xC311,
    Rule.NOT_FOR_THIS_INSTANCE: 0xC314,
    Rule.UNKNOWN_STATE: Status.INVALID_ARGUMENT_VALUE,
}
STATUS_OF_NOTICE: dict[Notice, int] = {
    Notice.ALREADY_CANCELED: 0xB304,
    Notice.ALREADY_COMPLETED: 0xB306,
}
_ATTRIBUTES_NOT_KEPT = (
    0x0001  # CC.2.7.4: warning, "requested optional attributes are not supported"
)
_NO_SUCH_ATTRIBUTE_VALUE, _MISSING_ATTRIBUTE, _MISSING_VALUE = 0x0106, 0x0120, 0x0121
_NO_SUCH_ACTION = 0x0123
_DUPLICATE = 0x0111

Answer = Command | tuple[Command, bytes]
Handler = Callable[[Association, AcceptedContext, Command], Answer]


class WorkItemScp:
    """Answers the requests of the UPS classes over one worklist."""

    def __init__(self, worklist: UnifiedWorklist) -> None:
        self._worklist = worklist

    def handlers(self) -> dict[tuple[int, str], Handler]:
        """The handler of each request, by SOP class of the context."""
        by_request: dict[CommandField, Handler] = {
            CommandField.N_CREATE_RQ: self.on_n_create,
            CommandField.N_GET_RQ: self.on_n_get,
            CommandField.N_SET_RQ: self.on_n_set,
            CommandField.N_ACTION_RQ: self.on_n_action,
            CommandField.C_FIND_RQ: self.on_c_find,
        }
        return {
            (field, sop_class_uid): handler
            for field, handler in by_request.items()
            for sop_class_uid in WORK_ITEM_SOP_CLASSES
        }

    def on_n_create(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Create a work item (UPS-01)."""

        def create() -> Answer:
            dataset = _dataset(association, context, request)
            uid = request.affected_sop_instance_uid
            item = self._worklist.create(association.principal, uid, dataset)
            return respond(request, Status.SUCCESS, sop_instance_uid=item.sop_instance_uid)

        return self._answered(association, context, request, {UPS_PUSH}, create)

    def on_n_get(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Give the attributes asked for, or all; the Transaction UID never (UPS-03)."""

        def get() -> Answer:
            uid = request.requested_sop_instance_uid
            item = self._worklist.get(association.principal, uid)
            asked = [f"{tag:08X}" for tag in request.attribute_identifiers]
            given = {tag: item.attributes[tag] for tag in asked if tag in item.attributes}
            is_whole = len(given) == len(asked) or not asked
            status = Status.SUCCESS if is_whole else _ATTRIBUTES_NOT_KEPT
            attributes = given if asked else item.attributes
            data = encode_dataset(attributes, context.transfer_syntax)
            return respond(request, status, dataset=True), data

        classes = {UPS_PUSH, UPS_PULL, UPS_WATCH}
        return self._answered(association, context, request, classes, get)

    def on_n_set(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Change the attributes of a work item that the requestor may change."""

        def update() -> Answer:
            dataset = _dataset(association, context, request)
            self._worklist.update(
                association.principal,
                request.requested_sop_instance_uid,
                value_of(dataset, TRANSACTION_UID),
                dataset,
            )
            return respond(request, Status.SUCCESS)

        return self._answered(association, context, request, {UPS_PULL}, update)

    def on_n_action(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Change a state, ask for a cancellation, or manage subscriptions, by Action Type ID."""

        def act() -> Answer:
            action = request.action_type_id
            if action not in _ACTIONS.get(context.abstract_syntax, frozenset()):
                comment = f"action {action} is not for this SOP class"
                return respond(request, _NO_SUCH_ACTION, comment=comment)
            information = _dataset(association, context, request, may_be_absent=True)
            notice = self._act(association, request, action, information)
            if notice is None:
                return respond(request, Status.SUCCESS)
            return respond(request, STATUS_OF_NOTICE[notice], comment=str(notice))

        return self._answered(association, context, request, WORK_ITEM_SOP_CLASSES, act)

    def _act(
        self, association: Association, request: Command, action: int, information: dict[str, Any]
    ) -> Notice | None:
        principal, uid = association.principal, request.requested_sop_instance_uid
        if action == CHANGE_STATE:
            state, lock = value_of(information, STATE), value_of(information, TRANSACTION_UID)
            return self._worklist.change_state(principal, uid, state, lock)
        if action == REQUEST_CANCEL:
            return self._worklist.request_cancel(principal, uid, information)
        receiver = value_of(information, _RECEIVING_AE).strip()
        if not receiver:
            raise InvalidQuery("there is no Receiving AE")
        if action == SUBSCRIBE:
            own = {_RECEIVING_AE, _DELETION_LOCK}
            self._worklist.subscribe(
                principal,
                receiver,
                uid,
                deletion_lock=value_of(information, _DELETION_LOCK).upper() == "TRUE",
                keys={tag: key for tag, key in information.items() if tag not in own},
            )
        elif action == UNSUBSCRIBE:
            self._worklist.unsubscribe(principal, receiver, uid)
        else:
            self._worklist.suspend(principal, receiver, uid)
        return None

    def on_c_find(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Send a Pending response for each work item that matches (CC.2.8)."""

        def find() -> Answer:
            identifier, charset = read_identifier(association, context, request)
            asked = identifier.keys() | {SOP_INSTANCE_UID}
            wanted = {tag: identifier.get(tag, {"vr": "UI"}) for tag in sorted(asked)}
            wanted.pop(TRANSACTION_UID, None)
            keys = items.keys_of(wanted)
            found = (item.attributes for item in self._worklist.find(association.principal, keys))
            return send_items(association, context, request, wanted, found, charset=charset)

        classes = {UPS_PULL, UPS_WATCH, UPS_QUERY}
        return self._answered(association, context, request, classes, find)

    def _answered(
        self,
        association: Association,
        context: AcceptedContext,
        request: Command,
        classes: "set[str] | frozenset[str]",
        work: Callable[[], Answer],
    ) -> Answer:
        if context.abstract_syntax not in classes:
            comment = f"{request.name} is not for this SOP class"
            return respond(request, Status.SOP_CLASS_NOT_SUPPORTED, comment=comment)
        try:
            return work()
        except RuleBroken as broken:
            tags = tuple(int(tag, 16) for tag in broken.tags)
            status = STATUS_OF_RULE[broken.rule]
            return respond(request, status, comment=str(broken.rule), offending_elements=tags)
        except InvalidWorkItem as error:
            return _invalid(request, error)
        except DuplicateWorkItem as error:
            return respond(request, _DUPLICATE, comment=str(error))
        except InvalidInstance as error:
            return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))
        except (OutOfResources, Unavailable) as error:
            is_find = request.command_field == CommandField.C_FIND_RQ
            status = Status.OUT_OF_RESOURCES if is_find else Status.RESOURCE_LIMITATION
            return respond(request, status, comment=str(error))
        except HounsfieldError as error:
            log.warning("%s from %s refused: %s", request.name, association.calling_ae_title, error)
            return respond(request, status_of(error), comment=str(error))


def _invalid(request: Command, error: InvalidWorkItem) -> Command:
    """The status for a work item that is not as it must be: the first kind of fault, with all tags of it."""
    for tags, status in (
        (error.absent, _MISSING_ATTRIBUTE),
        (error.empty, _MISSING_VALUE),
        (error.invalid, _NO_SUCH_ATTRIBUTE_VALUE),
    ):
        if tags:
            elements = tuple(int(tag, 16) for tag in tags)
            return respond(request, status, comment=str(error), offending_elements=elements)
    return respond(request, Status.CANNOT_UNDERSTAND, comment=str(error))


def _dataset(
    association: Association,
    context: AcceptedContext,
    request: Command,
    *,
    may_be_absent: bool = False,
) -> dict[str, Any]:
    if may_be_absent and not request.has_dataset:
        return {}
    return read_identifier(association, context, request)[0]
