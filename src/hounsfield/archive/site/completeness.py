"""When a study is complete, and what is said where something of it does not come (MPPS-03)."""

import time
from collections.abc import Collection, Sequence

from hounsfield.index.index import Index
from hounsfield.index.site.awaiting import Awaited, Shortfall
from hounsfield.index.site.expectations import Expectations, Expected
from hounsfield.index.site.settling import complete_whole

__all__ = ["Completeness", "Expected"]

_MOST_SERIES = 4
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))


class Completeness:
    """What scanners said they made, against what is here; may be called from any thread."""

    def __init__(self, index: Index) -> None:
        self._database = index.database
        self._expectations = Expectations(index.database)
        self._awaited = Awaited(index.database)

    def commitment_asked(self, sop_instance_uids: Sequence[str]) -> list[str]:
        """Complete the studies of which these are all instances; gives their UIDs.

        Whoever asks for commitment of a whole study has sent it all. One of which a performed procedure step is in
        progress, or says that there is more, goes on receiving.
        """
        return complete_whole(self._database, sop_instance_uids)

    def of_studies(self, study_instance_uids: Collection[str]) -> dict[str, Expected]:
        """What studies should have and have, by UID; of those that no scanner spoke of there is nothing."""
        return self._expectations.of(study_instance_uids) if study_instance_uids else {}

    def of_orders(self, order_ids: Collection[int]) -> dict[int, Expected]:
        """What was made for orders and what of it is here, by order."""
        return self._expectations.of_orders(order_ids) if order_ids else {}

    def attention_of_studies(self, counts: dict[str, Expected]) -> dict[str, str]:
        """What a person should know of studies of which something does not come, by UID."""
        short = self._awaited.of_studies(counts) if counts else {}
        return {uid: _told(counts[uid], one) for uid, one in short.items()}

    def attention_of_orders(self, order_ids: Collection[int]) -> dict[int, str]:
        """The same of orders."""
        short = self._awaited.of_orders(order_ids) if order_ids else {}
        counts = self.of_orders(short)
        return {number: _told(counts[number], one) for number, one in short.items()}


def _told(count: Expected, short: Shortfall) -> str:
    """What is missing, for a person.

    >>> _told(Expected(240, 212), Shortfall(time.time_ns() // 1000 - 1_900_000_000, {"Axial": 28}))
    'MPPS names 240 images, 212 are here, and nothing more came for 31 minutes. Missing: 28 of Axial.'
    """
    made = f"MPPS names {count.expected} image{'s' if count.expected != 1 else ''}"
    here = (
        "none is"
        if not count.received
        else f"{count.received} {'is' if count.received == 1 else 'are'}"
    )
    silence = _span(time.time_ns() // 1000 - short.since_us)
    series = sorted(short.missing.items(), key=lambda one: -one[1])
    named = [f"{number} of {name}" for name, number in series[:_MOST_SERIES]]
    if len(series) > _MOST_SERIES:
        named.append(
            f"{sum(n for _, n in series[_MOST_SERIES:])} of {len(series) - _MOST_SERIES} more series"
        )
    return f"{made}, {here} here, and nothing more came for {silence}. Missing: {', '.join(named)}."


def _span(us: int) -> str:
    for name, seconds in _UNITS:
        if number := us // (seconds * 1_000_000):
            return f"{number} {name}{'s' if number != 1 else ''}"
    return "some seconds"
