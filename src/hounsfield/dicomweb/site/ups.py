"""The worklist service, UPS-RS: work items are created, found, claimed, done and watched (PS3.18 chapter 11)."""

import dataclasses
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.site.work_item_watchers import receiver_of
from hounsfield.archive.site.work_items import (
    DuplicateWorkItem,
    InvalidWorkItem,
    RuleBroken,
    UnifiedWorklist,
)
from hounsfield.dicom.ae_titles import is_valid_ae_title
from hounsfield.dicom.json_reading import DataSet
from hounsfield.dicom.sop_classes import FILTERED_SUBSCRIPTION, GLOBAL_SUBSCRIPTION
from hounsfield.dicom.work_items import (
    RETURN_KEYS,
    SOP_INSTANCE_UID,
    STATE,
    TRANSACTION_UID,
    Notice,
    Rule,
    is_uid,
    value_of,
)
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.problems import problem
from hounsfield.dicomweb.query_parameters import Parameters, is_true, warning
from hounsfield.dicomweb.requests import base_url, in_thread, principal_of
from hounsfield.dicomweb.searching import matches_response
from hounsfield.dicomweb.site.datasets import dataset_response, read_dataset
from hounsfield.dicomweb.site.searches import add_key, keys_of, page_of
from hounsfield.dicomweb.wado.representations import choose_representation
from hounsfield.errors import InvalidQuery

_INCONSISTENT = "The submitted request is inconsistent with the current state of the Workitem."
# Tables 11.5.3-1, 11.6.3-1, 11.7.3-1 and 11.8.3-1; the texts are those of 11.6.3.2, 11.7.3.2 and 11.8.3.2.
_OF_RULE: dict[Rule, tuple[int, str]] = {
    Rule.MAY_NO_LONGER_BE_UPDATED: (409, _INCONSISTENT),
    Rule.WRONG_TRANSACTION_UID: (400, "The Transaction UID is incorrect."),
    Rule.ALREADY_IN_PROGRESS: (409, _INCONSISTENT),
    Rule.ONLY_CREATION_SCHEDULES: (400, _INCONSISTENT),
    Rule.FINAL_STATE_REQUIREMENTS: (409, _INCONSISTENT),
    Rule.NO_SUCH_WORK_ITEM: (404, ""),
    Rule.RECEIVER_UNKNOWN: (403, ""),
    Rule.NOT_CREATED_SCHEDULED: (400, ""),
    Rule.NOT_YET_IN_PROGRESS: (409, "The target URI did not reference a claimed Workitem."),
    Rule.ALREADY_COMPLETED: (409, "The UPS is already COMPLETED."),
    Rule.NOT_FOR_THIS_INSTANCE: (400, ""),
    Rule.UNKNOWN_STATE: (400, ""),
}
# Table 11.6.3-1 differs from the others.
_OF_RULE_IN_UPDATE = _OF_RULE | {Rule.MAY_NO_LONGER_BE_UPDATED: (400, _INCONSISTENT)}
_OF_NOTICE = {
    Notice.ALREADY_CANCELED: "The UPS is already in the requested state of CANCELED.",
    Notice.ALREADY_COMPLETED: "The UPS is already in the requested state of COMPLETED.",
}
# How the parameter is spelled since 2025e, 2019b and 2014c; others leave the dashes out (UPSR-02).
_TRANSACTION_NAMES = frozenset({"transactionuid", "transaction"})
_WORKITEM_NAMES = frozenset({"workitem", "affectedsopinstanceuid"})
_RETURN_KEYS = frozenset((int(tag, 16),) for tag in RETURN_KEYS)
_SUBSCRIPTIONS = frozenset({GLOBAL_SUBSCRIPTION, FILTERED_SUBSCRIPTION})

Handler = Callable[[Request], Awaitable[Response]]


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module; the event channel's is that of `event_channel`."""
    peer_of = partial(receiver_of, parts.peers)
    ups = _WorklistService(UnifiedWorklist(parts.store.index, peer_of))
    item = "/workitems/{workitem}"
    paths = [
        ("POST", "/workitems", ups.create),
        ("GET", "/workitems", ups.search),
        ("GET", item, ups.retrieve),
        ("POST", item, ups.update),
        ("PUT", item + "/state", ups.change_state),
        ("PUT", item + "/state/{requester}", ups.change_state),
        ("POST", item + "/cancelrequest", ups.request_cancellation),
        ("POST", item + "/cancelrequest/{requester}", ups.request_cancellation),
        ("POST", item + "/subscribers/{aetitle}", ups.subscribe),
        ("DELETE", item + "/subscribers/{aetitle}", ups.unsubscribe),
        ("POST", item + "/subscribers/{aetitle}/suspend", ups.suspend),
    ]
    return [
        Route(
            path,
            _answered(handler, _OF_RULE_IN_UPDATE if handler == ups.update else _OF_RULE),
            methods=[method],
        )
        for method, path, handler in paths
    ]


class _WorklistService:
    def __init__(self, worklist: UnifiedWorklist) -> None:
        self._worklist = worklist

    async def create(self, request: Request) -> Response:
        """Create Workitem (11.4): 201 with Location, 409 for a UID that is there (UPSR-01)."""
        dataset = await read_dataset(request)
        uid = _named_uid(request, _WORKITEM_NAMES) or value_of(dataset, SOP_INSTANCE_UID)
        item = await in_thread(self._worklist.create, principal_of(request), uid, dataset)
        url = f"{base_url(request)}/workitems/{item.sop_instance_uid}"
        return Response(status_code=201, headers={"Location": url, "Content-Location": url})

    async def search(self, request: Request) -> Response:
        """Search (11.9): by attributes at any depth, 204 where nothing matches."""
        representation = choose_representation(accepted(request))
        asked = Parameters(request.query_params.multi_items(), all_names_are_fuzzy=True)
        keys = keys_of(asked)

        def answer() -> tuple[list[bytes], int]:
            found = self._worklist.find(principal_of(request), keys)
            return page_of(asked, _RETURN_KEYS, (item.attributes for item in found))

        return await matches_response(representation, *await in_thread(answer), asked.warnings)

    async def retrieve(self, request: Request) -> Response:
        """Retrieve Workitem (11.5): all of it but the Transaction UID (UPS-03)."""
        uid = request.path_params["workitem"]
        item = await in_thread(self._worklist.get, principal_of(request), uid)
        return dataset_response(request, [item.attributes])

    async def update(self, request: Request) -> Response:
        """Update Workitem (11.6), with the Transaction UID as a parameter or in the data set (UPSR-02)."""
        dataset = await read_dataset(request)
        lock = _named_uid(request, _TRANSACTION_NAMES) or value_of(dataset, TRANSACTION_UID)
        uid = request.path_params["workitem"]
        await in_thread(self._worklist.update, principal_of(request), uid, lock, dataset)
        url = f"{base_url(request)}/workitems/{uid}"
        return Response(status_code=200, headers={"Content-Location": url})

    async def change_state(self, request: Request) -> Response:
        """Change Workitem State (11.7); a Warning says when it was in that state already."""
        dataset = await read_dataset(request)
        lock = value_of(dataset, TRANSACTION_UID) or _named_uid(request, _TRANSACTION_NAMES)
        if not lock:
            text = "The Transaction UID is missing."
            return problem(400, text, {"Warning": warning(text)})
        notice = await in_thread(
            self._worklist.change_state,
            principal_of(request),
            request.path_params["workitem"],
            value_of(dataset, STATE),
            lock,
        )
        return _noted(200, notice)

    async def request_cancellation(self, request: Request) -> Response:
        """Request Cancellation (11.8): 202, whether whoever works on it will give it up or not (UPSR-04)."""
        dataset = await read_dataset(request, may_be_absent=True)
        principal = principal_of(request)
        requester = request.path_params.get("requester")
        if requester is not None:
            principal = dataclasses.replace(principal, name=_ae_title(requester))
        uid = request.path_params["workitem"]
        notice = await in_thread(self._worklist.request_cancel, principal, uid, dataset)
        return _noted(202, notice)

    async def subscribe(self, request: Request) -> Response:
        """Subscribe (11.10): to one work item, to all, or to those that match a filter, if wanted with a deletion lock."""
        uid, ae_title = _subscription(request)
        deletion_lock, keys = False, DataSet()
        for name, value in request.query_params.multi_items():
            if name.lower() in {"deletionlock", "deletion-lock"}:
                deletion_lock = is_true(name, value)
            elif name.lower() == "filter":
                for one in value.split(","):
                    add_key(keys, *_pair(one))
            elif uid == FILTERED_SUBSCRIPTION:  # so it was before 2019b
                add_key(keys, name, value)
        if uid == FILTERED_SUBSCRIPTION and not keys:
            raise InvalidQuery("a filtered subscription needs filter=ATTRIBUTE=VALUE,…")
        principal = principal_of(request)

        def subscribe() -> None:
            self._worklist.subscribe(
                principal, ae_title, uid, deletion_lock=deletion_lock, keys=keys, by_channel=True
            )

        await in_thread(subscribe)
        scheme = "wss" if request.url.scheme == "https" else "ws"
        host = base_url(request).partition("://")[2]
        url = f"{scheme}://{host}/subscribers/{quote(ae_title)}"
        return Response(status_code=201, headers={"Content-Location": url})

    async def unsubscribe(self, request: Request) -> Response:
        """Unsubscribe (11.11); from the worklist also from every work item of it."""
        uid, ae_title = _subscription(request)
        await in_thread(self._worklist.unsubscribe, principal_of(request), ae_title, uid)
        return Response(status_code=200)

    async def suspend(self, request: Request) -> Response:
        """Suspend Global Subscription (11.12): nothing of new work items, but go on with those known."""
        uid, ae_title = _subscription(request)
        await in_thread(self._worklist.suspend, principal_of(request), ae_title, uid)
        return Response(status_code=200)


def _answered(handler: Handler, of_rule: dict[Rule, tuple[int, str]]) -> Handler:
    """The handler, with what the worklist refuses as status, words and Warning."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RuleBroken as broken:
            status, text = of_rule[broken.rule]
            return problem(status, str(broken), {"Warning": warning(text or str(broken.rule))})
        except DuplicateWorkItem as error:
            return problem(409, str(error), {"Warning": warning(str(error))})
        except InvalidWorkItem as error:
            return problem(400, str(error), {"Warning": warning(str(error))})

    return answer


def _noted(status: int, notice: Notice | None) -> Response:
    headers = {} if notice is None else {"Warning": warning(_OF_NOTICE[notice])}
    return Response(status_code=status, headers=headers)


def _named_uid(request: Request, names: frozenset[str]) -> str:
    """A UID given as a parameter of one of these names, or as the bare query (UPSR-02); empty without one."""
    for name, value in request.query_params.multi_items():
        if name.lower().replace("-", "").replace("_", "") in names:
            return value
        if not value and is_uid(name):
            return name
    return ""


def _subscription(request: Request) -> tuple[str, str]:
    return request.path_params["workitem"], _ae_title(request.path_params["aetitle"])


def _ae_title(text: str) -> str:
    title = text.strip()
    if not is_valid_ae_title(title):
        raise InvalidQuery(f"{text[:40]!r} is no AE title")
    return title


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InvalidQuery(f"filter: {text[:80]!r} is not ATTRIBUTE=VALUE")
    return name.strip(), value.strip()
