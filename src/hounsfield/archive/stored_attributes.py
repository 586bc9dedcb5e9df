"""Attributes that the index does not have, from the stored objects: of an instance, or of one that stands for more."""

import orjson

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.errors import HounsfieldError


class StoredAttributes:
    """Reads for one answer; what a series' metadata says is taken apart once for all its instances."""

    def __init__(self, retrieve: Retrieve, principal: Principal) -> None:
        self._retrieve = retrieve
        self._principal = principal
        self._series: tuple[tuple[str, str], dict[str, bytes]] | None = None

    def of_entity(
        self,
        study_instance_uid: str,
        series_instance_uid: str | None,
        sop_instance_uid: str | None,
    ) -> bytes:
        """The data set, in the DICOM JSON model, of an instance or of the first of a series or study.

        An empty one where it cannot be read: a search is not the place to learn of a damaged object.
        """
        try:
            if series_instance_uid is None or sop_instance_uid is None:
                location = self._retrieve.representative(
                    self._principal, study_instance_uid, series_instance_uid
                )
                return self._retrieve.instance_metadata(location)
            place = (study_instance_uid, series_instance_uid)
            if self._series is None or self._series[0] != place:
                self._series = (place, self._of_series(*place))
            return self._series[1].get(sop_instance_uid, b"{}")
        except HounsfieldError:
            return b"{}"

    def _of_series(self, study_instance_uid: str, series_instance_uid: str) -> dict[str, bytes]:
        datasets = self._retrieve.series_datasets(
            self._principal, study_instance_uid, series_instance_uid
        )
        return {_sop_instance_uid(one): one for one in datasets}


def _sop_instance_uid(dataset: bytes) -> str:
    values = orjson.loads(dataset).get("00080018", {}).get("Value") or [""]
    return str(values[0])
