"""Remembers the row IDs of the patients, studies and series that instances are arriving for."""

from dataclasses import dataclass, field

MAX_KNOWN = 20_000


@dataclass(slots=True)
class Known:
    """Row IDs met before, so that the next instance of a series asks for none.

    Rows are only ever added while it is in use; an integrity error, and a deletion by anybody, drop it whole.
    """

    newest_deletion: int = 0

    patients: dict[str, int] = field(default_factory=dict)
    studies: dict[tuple[str, int], int] = field(default_factory=dict)
    series: dict[tuple[str, int], int] = field(default_factory=dict)
    classes: set[tuple[int, int, str, str]] = field(default_factory=set)

    def mind(self, newest_deletion: int) -> None:
        """Forget everything if something was deleted since the last time: rows may be gone, and their IDs used again."""
        if newest_deletion != self.newest_deletion:
            self.newest_deletion = newest_deletion
            self.forget()

    def forget(self) -> None:
        for one in (self.patients, self.studies, self.series, self.classes):
            one.clear()

    def bound(self) -> None:
        if (
            len(self.series) > MAX_KNOWN
            or len(self.patients) > MAX_KNOWN
            or len(self.classes) > MAX_KNOWN
        ):
            self.forget()
