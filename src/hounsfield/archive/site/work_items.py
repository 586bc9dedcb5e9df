"""The unified worklist: work items are created, found, claimed, done and watched (PS3.4 annex CC).

DIMSE's UPS classes and UPS-RS are two edges of it. Every change and the events that it causes are one transaction.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hounsfield.archive.access import Principal, require
from hounsfield.archive.site.work_item_watchers import RuleBroken, Watchers
from hounsfield.dicom import items
from hounsfield.dicom import work_items as rules
from hounsfield.dicom.query import Key, SingleValue, UidList
from hounsfield.dicom.sop_classes import FILTERED_SUBSCRIPTION, GLOBAL_SUBSCRIPTION, UPS_PUSH
from hounsfield.dicom.work_items import EventType, Notice, Rule, State, value_of
from hounsfield.errors import Conflict, InvalidInstance, OutOfResources
from hounsfield.index.index import Index
from hounsfield.index.site.records import Peer
from hounsfield.index.site.work_item_upkeep import WorkItemUpkeep
from hounsfield.index.site.work_items import Changes, Subscription, WorkItem, WorkItems

# Of the JSON of a work item: many updates must not make it grow without end.
MAX_BYTES = 4 << 20
# 110513, "Discontinued for unspecified reason" (PS3.16 CID 9300).
_UNSPECIFIED_REASON = {
    "00080100": {"vr": "SH", "Value": ["110513"]},
    "00080102": {"vr": "SH", "Value": ["DCM"]},
    "00080104": {"vr": "LO", "Value": ["Discontinued for unspecified reason"]},
}
# What the index can narrow a search by.
_COLUMNS = {
    rules.STATE: "state",
    rules.PATIENT_ID: "patient_id",
    rules.SOP_INSTANCE_UID: "sop_instance_uids",
}
_UID_ROOT = "2.25."
_TOLD_WITHIN_S = 7 * 86_400.0

DataSet = Mapping[str, Any]

__all__ = ["GLOBAL_SUBSCRIPTION", "RuleBroken", "UnifiedWorklist"]


class InvalidWorkItem(InvalidInstance):
    """A work item without what it must have, or with what it must not."""

    def __init__(
        self, text: str, *, absent: list[str], empty: list[str], invalid: list[str]
    ) -> None:
        tags = ", ".join(f"({tag[:4]},{tag[4:]})" for tag in [*absent, *empty, *invalid])
        super().__init__(f"{text}: {tags}")
        self.absent, self.empty, self.invalid = absent, empty, invalid


class DuplicateWorkItem(Conflict):
    """There is a work item of this UID already."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a subscription came to."""

    has_deletion_lock: bool


class UnifiedWorklist:
    """The work items of an archive; may be called from any thread.

    ``peer_of`` finds the peer that an AE title names as a receiver of events; None where it is none that we can
    reach. Who asks needs the right "work-item".
    """

    def __init__(self, index: Index, peer_of: Callable[[str], Peer | None]) -> None:
        self._items = WorkItems(index.database)
        self._upkeep = WorkItemUpkeep(index.database)
        self._watchers = Watchers(index, peer_of)

    # -- create, find, read -------------------------------------------------------------------------

    def create(self, principal: Principal, sop_instance_uid: str, dataset: DataSet) -> WorkItem:
        """Create a work item in the state SCHEDULED; an empty UID is made (CC.2.5).

        Raises InvalidWorkItem, DuplicateWorkItem, RuleBroken, Refused.
        """
        require(principal, "work-item")
        absent, empty = rules.missing_at_creation(dataset)
        if value_of(dataset, rules.STATE) not in {"", State.SCHEDULED}:
            raise RuleBroken(Rule.NOT_CREATED_SCHEDULED)
        invalid = rules.invalid_values(dataset)
        if absent or empty or invalid:
            text = "the work item lacks or may not have"
            raise InvalidWorkItem(text, absent=absent, empty=empty, invalid=invalid)
        uid = sop_instance_uid or f"{_UID_ROOT}{uuid.uuid4().int}"
        if not rules.is_uid(uid):
            raise InvalidWorkItem("no UID", absent=[], empty=[], invalid=[rules.SOP_INSTANCE_UID])
        attributes = rules.completed(dataset)
        attributes[rules.SOP_CLASS_UID] = {"vr": "UI", "Value": [UPS_PUSH]}
        attributes[rules.SOP_INSTANCE_UID] = {"vr": "UI", "Value": [uid]}
        attributes[rules.MODIFICATION_DATETIME] = {"vr": "DT", "Value": [_now()]}
        item = WorkItem(uid, State.SCHEDULED, "", attributes, created_by=principal.name)
        with self._items.changing() as changes:
            if changes.get(uid) is not None:
                raise DuplicateWorkItem(f"there is a work item {uid} already")
            changes.add(item)
            self._watchers.tell_of_creation(changes, item)
        return item

    def get(self, principal: Principal, sop_instance_uid: str) -> WorkItem:
        """One work item, without its Transaction UID (UPS-03). Raises RuleBroken, Refused."""
        require(principal, "work-item")
        item = self._items.get(sop_instance_uid)
        if item is None:
            raise RuleBroken(Rule.NO_SUCH_WORK_ITEM)
        return item

    def find(self, principal: Principal, keys: Sequence[Key]) -> Iterator[WorkItem]:
        """The work items that match all keys, by start time. Raises Refused.

        The Transaction UID is no key (UPS-03).
        """
        require(principal, "work-item")
        wanted = [key for key in keys if f"{key.tag:08X}" != rules.TRANSACTION_UID]
        for item in self._items.stream(**_narrowed(wanted)):
            if items.all_match(wanted, item.attributes):
                yield item

    # -- change -------------------------------------------------------------------------------------

    def update(
        self, principal: Principal, sop_instance_uid: str, transaction_uid: str, dataset: DataSet
    ) -> WorkItem:
        """Set attributes, while the rules let this one (CC.2.6). Raises RuleBroken, InvalidWorkItem."""
        require(principal, "work-item")
        fixed = [tag for tag in dataset if tag in rules.UNCHANGEABLE - {rules.TRANSACTION_UID}]
        with self._items.changing() as changes:
            item = _existing(changes, sop_instance_uid)
            rule = rules.decide_update(item.state, item.transaction_uid, transaction_uid)
            if rule is not None:
                raise RuleBroken(rule)
            changed = [tag for tag in fixed if dataset[tag] != item.attributes.get(tag)]
            invalid = rules.invalid_codes(dataset)
            empty = rules.emptied(dataset)
            if changed or invalid or empty:
                text = "an update may not set"
                raise InvalidWorkItem(text, absent=[], empty=empty, invalid=[*changed, *invalid])
            before = dict(item.attributes)
            item.attributes |= {
                tag: value for tag, value in dataset.items() if tag not in rules.UNCHANGEABLE
            }
            item.attributes[rules.MODIFICATION_DATETIME] = {"vr": "DT", "Value": [_now()]}
            if changes.save(item) > MAX_BYTES:
                raise OutOfResources(f"a work item of over {MAX_BYTES} bytes")
            self._watchers.tell_of_update(changes, item, before)
        return item

    def change_state(
        self, principal: Principal, sop_instance_uid: str, asked: str, transaction_uid: str
    ) -> Notice | None:
        """Claim, complete or cancel a work item (CC.2.1); of two who claim it one wins.

        Raises RuleBroken. A Notice says that it is in that state already.
        """
        require(principal, "work-item")
        if transaction_uid and not rules.is_uid(transaction_uid):
            uids = [rules.TRANSACTION_UID]
            raise InvalidWorkItem("no UID", absent=[], empty=[], invalid=uids)
        with self._items.changing() as changes:
            item = _existing(changes, sop_instance_uid)
            if asked == State.CANCELED and item.state is State.IN_PROGRESS:
                _note_cancellation(item)
            outcome = rules.decide(
                item.state, item.transaction_uid, asked, transaction_uid, item.attributes
            )
            if isinstance(outcome, Rule):
                missing: tuple[str, ...] = ()
                if outcome is Rule.FINAL_STATE_REQUIREMENTS:
                    missing = tuple(rules.missing_for(State(asked), item.attributes))
                raise RuleBroken(outcome, missing)
            if isinstance(outcome, Notice):
                return outcome
            item.transaction_uid = transaction_uid
            self._enter(changes, item, outcome)
        return None

    def request_cancel(
        self, principal: Principal, sop_instance_uid: str, asked: DataSet
    ) -> Notice | None:
        """Ask that a work item be given up; one that nobody has begun is canceled at once (CC.2.2).

        Raises RuleBroken.
        """
        require(principal, "work-item")
        if misread := rules.misread(asked):
            raise InvalidWorkItem("cannot be", absent=[], empty=[], invalid=misread)
        with self._items.changing() as changes:
            item = _existing(changes, sop_instance_uid)
            outcome = rules.decide_cancel(item.state)
            if isinstance(outcome, Rule):
                raise RuleBroken(outcome)
            if isinstance(outcome, Notice):
                return outcome
            told = rules.cancel_request(asked, principal.name)
            self._watchers.report(changes, item, EventType.CANCEL_REQUESTED, told)
            if outcome is State.CANCELED:
                # CC.2.2.3: by way of IN PROGRESS, so that watchers see the steps they know.
                self._enter(changes, item, State.IN_PROGRESS)
                _note_cancellation(item, asked)
                self._enter(changes, item, State.CANCELED)
        return None

    def _enter(self, changes: Changes, item: WorkItem, state: State) -> None:
        item.state = state
        changes.save(item)
        self._watchers.report(
            changes, item, EventType.STATE_REPORT, rules.state_report(item.attributes)
        )

    # -- watch --------------------------------------------------------------------------------------

    def subscribe(
        self,
        principal: Principal,
        ae_title: str,
        sop_instance_uid: str,
        *,
        deletion_lock: bool,
        keys: DataSet | None = None,
        by_channel: bool = False,
    ) -> Subscribed:
        """Let an AE be told of a work item, or by a well-known UID of all or those that match (CC.2.3).

        ``by_channel`` says that it can be told over a WebSocket, so that it need be no peer with an address.
        Raises RuleBroken, InvalidQuery.
        """
        require(principal, "work-item")
        self._watchers.require_receiver(ae_title, by_channel=by_channel)
        is_global = sop_instance_uid in {GLOBAL_SUBSCRIPTION, FILTERED_SUBSCRIPTION}
        wanted = dict(keys or {}) if sop_instance_uid == FILTERED_SUBSCRIPTION else {}
        items.matches(wanted, {})
        with self._items.changing() as changes:
            if not is_global:
                item = _existing(changes, sop_instance_uid)
                changes.subscribe(Subscription(ae_title, sop_instance_uid, deletion_lock))
                self._watchers.send_state(changes, ae_title, item)
                return Subscribed(deletion_lock)
            changes.subscribe(Subscription(ae_title, "", deletion_lock, wanted))
        # From here on it is told of what is new. What there was before it gets some at a time: nobody who stores
        # waits for a long worklist.
        for uids in self._items.pages():
            with self._items.changing() as changes:
                if not changes.is_subscribed(ae_title, ""):
                    break  # meanwhile it has had enough
                for item in changes.not_watched_by(ae_title, uids):
                    if not items.matches(wanted, item.attributes):
                        continue
                    changes.subscribe(Subscription(ae_title, item.sop_instance_uid, deletion_lock))
                    if deletion_lock:  # table CC.2.3-2: only then the present state of each
                        self._watchers.send_state(changes, ae_title, item)
        return Subscribed(deletion_lock)

    def unsubscribe(self, principal: Principal, ae_title: str, sop_instance_uid: str) -> None:
        """Tell an AE no more of a work item, or by the well-known UID of any. Raises RuleBroken."""
        require(principal, "work-item")
        with self._items.changing() as changes:
            if sop_instance_uid in {GLOBAL_SUBSCRIPTION, FILTERED_SUBSCRIPTION}:
                changes.unsubscribe_globally(ae_title)
                return
            _existing(changes, sop_instance_uid)
            changes.unsubscribe(ae_title, sop_instance_uid)

    def suspend(self, principal: Principal, ae_title: str, sop_instance_uid: str) -> None:
        """Tell an AE of no further work items, but go on with those it knows. Raises RuleBroken."""
        require(principal, "work-item")
        if sop_instance_uid not in {GLOBAL_SUBSCRIPTION, FILTERED_SUBSCRIPTION}:
            raise RuleBroken(Rule.NOT_FOR_THIS_INSTANCE)
        with self._items.changing() as changes:
            changes.unsubscribe(ae_title, "")

    # -- upkeep -------------------------------------------------------------------------------------

    def announce_restart(self) -> int:
        """Tell everybody who watches that we are back, with lists as they were (CC.2.4.3); gives how many."""
        with self._items.changing() as changes:
            return self._watchers.announce_restart(changes)

    def prune(self, older_than_s: float) -> int:
        """Remove work items long in a final state that nobody keeps by a deletion lock; gives how many.

        Whom we cannot call any more keeps nothing and is told nothing; nor is anybody of what is old.
        """
        for ae_title in self._upkeep.receivers():
            if not self._watchers.can_be_told(ae_title):
                self._upkeep.forget(ae_title)
        self._upkeep.forget_events(_TOLD_WITHIN_S)
        return self._upkeep.prune(older_than_s)


def _existing(changes: Changes, sop_instance_uid: str) -> WorkItem:
    item = changes.get(sop_instance_uid)
    if item is None:
        raise RuleBroken(Rule.NO_SUCH_WORK_ITEM)
    return item


def _note_cancellation(item: WorkItem, asked: DataSet | None = None) -> None:
    """Fill in what a canceled work item must say and nobody has said: when, and why."""
    progress = dict(rules.first_item(item.attributes, rules.PROGRESS))
    now = {"vr": "DT", "Value": [_now()]}
    if not value_of(progress, rules.CANCELLATION_DATETIME):
        progress[rules.CANCELLATION_DATETIME] = now
    for tag in (
        rules.REASON_FOR_CANCELLATION,
        rules.DISCONTINUATION_REASONS,
        rules.CONTACT_URI,
        rules.CONTACT_DISPLAY_NAME,
    ):
        if (asked or {}).get(tag, {}).get("Value"):
            progress[tag] = (asked or {})[tag]
    if not progress.get(rules.DISCONTINUATION_REASONS, {}).get("Value"):
        progress[rules.DISCONTINUATION_REASONS] = {"vr": "SQ", "Value": [_UNSPECIFIED_REASON]}
    item.attributes[rules.PROGRESS] = {"vr": "SQ", "Value": [progress]}


def _narrowed(keys: Sequence[Key]) -> dict[str, Any]:
    """What of the keys the index can answer."""
    narrowed: dict[str, Any] = {}
    for key in keys:
        name = _COLUMNS.get(f"{key.tag:08X}")
        if name == "sop_instance_uids" and isinstance(key.match, SingleValue | UidList):
            uids = key.match
            narrowed[name] = uids.uids if isinstance(uids, UidList) else (uids.value,)
        elif name is not None and isinstance(key.match, SingleValue):
            narrowed[name] = key.match.value
    return narrowed


def _now() -> str:
    """The present as a DT of this place, with its offset (PS3.5 6.2)."""
    return dt.datetime.now().astimezone().strftime("%Y%m%d%H%M%S.%f%z")
