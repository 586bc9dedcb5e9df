"""Who watches the unified worklist, and what each is told (PS3.4 CC.2.4): by a call of ours, or over its WebSocket."""

from collections.abc import Callable
from typing import Any

from hounsfield.archive.site.addresses import can_be_called
from hounsfield.dicom import items
from hounsfield.dicom import work_items as rules
from hounsfield.dicom.sop_classes import GLOBAL_SUBSCRIPTION
from hounsfield.dicom.work_items import EventType, Rule
from hounsfield.errors import Conflict
from hounsfield.index.index import Index
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.index.site.work_item_events import EventQueue
from hounsfield.index.site.work_items import Changes, Subscription, WorkItem

# Who opened no channel for so long will not come back for what waits.
_CHANNEL_KEPT_S = 30 * 86_400.0


class RuleBroken(Conflict):
    """A request about a work item that the standard does not allow now."""

    def __init__(self, rule: Rule, tags: tuple[str, ...] = ()) -> None:
        named = ", ".join(f"({tag[:4]},{tag[4:]})" for tag in tags)
        super().__init__(f"{rule}: {named}" if named else str(rule))
        self.rule = rule
        self.tags = tags


class Watchers:
    """Those who are told of work items. Each method is part of the transaction that changes these."""

    def __init__(self, index: Index, peer_of: Callable[[str], Peer | None]) -> None:
        self._queue = EventQueue(index.database)
        self._peer_of = peer_of

    def require_receiver(self, ae_title: str, *, by_channel: bool = False) -> None:
        """Raise RuleBroken unless an AE can be told; ``by_channel`` lets events wait for it from now on."""
        peer = self._peer_of(ae_title)
        if peer is not None and peer.host and peer.port:
            return
        if by_channel:
            self._queue.seen(ae_title)
        elif not self._queue.is_known(ae_title):
            raise RuleBroken(Rule.RECEIVER_UNKNOWN)

    def can_be_told(self, ae_title: str) -> bool:
        """Whether there still is a way to an AE; if not, no more events wait for it."""
        if self._peer_of(ae_title) is not None:
            return True
        if self._queue.is_known(ae_title, within_s=_CHANNEL_KEPT_S):
            return True
        self._queue.forget(ae_title)
        return False

    def tell_of_creation(self, changes: Changes, item: WorkItem) -> None:
        """Let those who watch all, or such, watch this one, and tell them."""
        for subscription in changes.subscriptions(""):
            if not items.matches(subscription.filter, item.attributes):
                continue
            changes.subscribe(
                Subscription(
                    subscription.ae_title, item.sop_instance_uid, subscription.deletion_lock
                )
            )
        self.report(changes, item, EventType.STATE_REPORT, rules.state_report(item.attributes))
        assigned = rules.assignment(item.attributes)
        if assigned:
            self.report(changes, item, EventType.ASSIGNED, assigned)

    def tell_of_update(self, changes: Changes, item: WorkItem, before: dict[str, Any]) -> None:
        """Tell what an update changed of what is reported."""
        now = item.attributes
        if now.get(rules.INPUT_READINESS_STATE) != before.get(rules.INPUT_READINESS_STATE):
            self.report(changes, item, EventType.STATE_REPORT, rules.state_report(now))
        if rules.assignment(now) != rules.assignment(before):
            self.report(changes, item, EventType.ASSIGNED, rules.assignment(now))
        if now.get(rules.PROGRESS) != before.get(rules.PROGRESS):
            self.report(changes, item, EventType.PROGRESS_REPORT, rules.progress_report(now))

    def send_state(self, changes: Changes, ae_title: str, item: WorkItem) -> None:
        """Tell one AE how a work item stands."""
        told = rules.state_report(item.attributes)
        self._tell(changes, ae_title, item.sop_instance_uid, EventType.STATE_REPORT, told)

    def report(
        self, changes: Changes, item: WorkItem, kind: EventType, told: dict[str, Any]
    ) -> None:
        """Tell all who watch a work item."""
        for subscription in changes.subscriptions(item.sop_instance_uid):
            self._tell(changes, subscription.ae_title, item.sop_instance_uid, kind, told)

    def announce_restart(self, changes: Changes) -> int:
        """Tell everybody who watches that we are back; gives how many."""
        watchers = changes.watchers()
        for ae_title in watchers:
            kind = EventType.SCP_STATUS_CHANGE
            if not changes.has_untold(ae_title, kind):  # it was away, and we started often
                self._tell(changes, ae_title, GLOBAL_SUBSCRIPTION, kind, rules.restarted())
        return len(watchers)

    def _tell(
        self, changes: Changes, ae_title: str, uid: str, kind: EventType, told: dict[str, Any]
    ) -> None:
        peer = self._peer_of(ae_title)
        if peer is not None:  # it was one when it subscribed; there is no duty to queue (CC.2.4.3)
            changes.tell(ae_title, peer.name, uid, kind, told)
        elif changes.has_channel(ae_title):
            changes.tell(ae_title, None, uid, kind, told)


def receiver_of(peers: Peers, ae_title: str) -> Peer | None:
    """The peer that an AE title names as one to be called; None where there is none."""
    return next((one for one in peers.by_ae_title(ae_title) if can_be_called(one)), None)
