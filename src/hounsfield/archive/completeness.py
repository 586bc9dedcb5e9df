"""When a study is complete: performed procedure steps or storage commitment say so, or it has been quiet (MPPS-03)."""

from collections.abc import Collection, Sequence

from hounsfield.index.index import Index
from hounsfield.index.site.expectations import Expectations, Expected
from hounsfield.index.site.settling import complete_whole

__all__ = ["Completeness", "Expected"]


class Completeness:
    """What scanners said they made, against what is here; may be called from any thread."""

    def __init__(self, index: Index) -> None:
        self._database = index.database
        self._expectations = Expectations(index.database)

    def commitment_asked(self, sop_instance_uids: Sequence[str]) -> list[str]:
        """Complete the studies of which these are all instances; gives their UIDs.

        Whoever asks for commitment of a whole study has sent it all. One of which a performed procedure step is in
        progress, or says that there is more, goes on receiving.
        """
        return complete_whole(self._database, sop_instance_uids)

    def of_studies(self, study_instance_uids: Collection[str]) -> dict[str, Expected]:
        """What studies should have and have, by UID; of those that no scanner spoke of there is nothing."""
        return self._expectations.of(study_instance_uids) if study_instance_uids else {}
