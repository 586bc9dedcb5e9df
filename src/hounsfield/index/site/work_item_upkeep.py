"""What goes from the unified worklist in time: work items long done, receivers who are gone, events nobody took."""

from sqlalchemy import delete, select, union
from sqlalchemy.sql import ColumnElement

from hounsfield.dicom.work_items import State
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.site.work_item_events import remove, work_item_event
from hounsfield.index.site.work_items import work_item, work_item_subscription

_AT_ONCE = 100  # who stores an instance waits no longer than these take


class WorkItemUpkeep:
    """Removes rows, some in each transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prune(self, older_than_s: float) -> int:
        """Remove what has been in a final state for so long and has no deletion lock; gives how many."""
        table, subscription = work_item.c, work_item_subscription.c
        locked = select(subscription.sop_instance_uid).where(subscription.deletion_lock)
        may_go = (
            table.state.in_([str(state) for state in State if state.is_final]),
            table.updated_us < _before_us(older_than_s),
            table.sop_instance_uid.not_in(locked),
        )
        with self._database.reading() as connection:
            uids = connection.execute(select(table.sop_instance_uid).where(*may_go)).scalars().all()
        removed = 0
        for start in range(0, len(uids), _AT_ONCE):
            some = uids[start : start + _AT_ONCE]
            with self._database.writing() as connection:
                going = select(table.sop_instance_uid).where(table.sop_instance_uid.in_(some))
                gone = connection.execute(going.where(*may_go)).scalars().all()
                watched = subscription.sop_instance_uid.in_(gone)
                connection.execute(delete(work_item_subscription).where(watched))
                connection.execute(delete(work_item).where(table.sop_instance_uid.in_(gone)))
            removed += len(gone)
        return removed

    def receivers(self) -> list[str]:
        """Every AE that has a subscription, or an event that it has not heard of."""
        event = work_item_event.c
        one = select(work_item_subscription.c.ae_title)
        other = select(event.ae_title).where(event.told_us.is_(None))
        with self._database.reading() as connection:
            return sorted(connection.execute(union(one, other)).scalars())

    def forget(self, ae_title: str) -> None:
        """Remove the subscriptions of an AE with their deletion locks, and the events for it."""
        with self._database.writing() as connection:
            mine = work_item_subscription.c.ae_title == ae_title
            connection.execute(delete(work_item_subscription).where(mine))
        self._remove_events(work_item_event.c.ae_title == ae_title)

    def forget_events(self, older_than_s: float) -> int:
        """Remove events that nobody took for so long; gives how many."""
        return self._remove_events(work_item_event.c.created_us < _before_us(older_than_s))

    def _remove_events(self, which: ColumnElement[bool]) -> int:
        removed = 0
        while True:
            with self._database.writing() as connection:
                gone = remove(connection, which, 10 * _AT_ONCE)
            if not gone:
                return removed
            removed += gone


def _before_us(seconds: float) -> int:
    return now_us() - int(seconds * 1e6)
