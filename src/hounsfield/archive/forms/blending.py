"""Finds what a blending presentation state lays over an image: the frame in the same plane (PS3.3 C.11.14)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.image_headers import ImageHeaders
from hounsfield.archive.forms.kept import Kept
from hounsfield.archive.retrieve import Retrieve
from hounsfield.errors import NotAcceptable, NotFound
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.rendering.planes import Mapping, Plane, plane_of
from hounsfield.pixels.rendering.presentation_states import superimposed_images

_MAX_FRAMES = 3000
_MAX_KEPT = 2 * _MAX_FRAMES
_ROUNDED_MM = 0.01


@dataclass(frozen=True, slots=True)
class OverFrame:
    """The frame that lies over another, and where the pixels of that one are in it."""

    location: InstanceLocation
    frame_index: int
    mapping: Mapping


class Blending:
    """Pairs frames by where they lie in the patient; may be called from many threads."""

    def __init__(self, retrieve: Retrieve, headers: ImageHeaders) -> None:
        self._retrieve = retrieve
        self._headers = headers
        self._planes: Kept[Plane] = Kept(_MAX_KEPT, _MAX_KEPT, lambda _: 1)

    def over(
        self,
        principal: Principal,
        location: InstanceLocation,
        state: Dataset,
        target: tuple[InstanceLocation, int],
    ) -> OverFrame | None:
        """What the state at ``location`` lays over a frame; None where nothing of it reaches that plane.

        Raises NotFound where it is not in the archive, NotAcceptable where the two sets of images are not parallel
        planes of one frame of reference: images are not registered or cut anew.
        """
        under = self._plane(*target)
        nearest: tuple[float, Plane, InstanceLocation, int] | None = None
        for candidate, frame_index in self._candidates(principal, location, state):
            plane = self._plane(candidate, frame_index)
            if under is None or plane is None or not plane.is_parallel_to(under):
                continue
            distance = plane.distance_to(under)
            if nearest is None or distance < nearest[0]:
                nearest = (distance, plane, candidate, frame_index)
        if nearest is None or under is None:
            raise NotAcceptable(
                "the images of a blending presentation state are rendered where they are parallel planes of one frame"
                " of reference, and these are not"
            )
        distance, plane, found, frame_index = nearest
        if distance > max(under.slice_spacing, plane.slice_spacing) / 2 + _ROUNDED_MM:
            return None
        uids = (found.study_instance_uid, found.series_instance_uid, found.sop_instance_uid)
        with_frames = self._retrieve.locate(principal, *uids)[0]
        return OverFrame(with_frames, frame_index, plane.mapping_from(under))

    def depends_on(
        self, principal: Principal, location: InstanceLocation, state: Dataset
    ) -> list[tuple[str, int]]:
        """(hash, frame) of all that the state lays over others; another answer means other pictures."""
        found = self._candidates(principal, location, state)
        return [(one.sha256, frame_index) for one, frame_index in found]

    def _plane(self, location: InstanceLocation, frame_index: int) -> Plane | None:
        key = (location.sha256, frame_index)
        plane = self._planes.get(key)
        if plane is None:
            plane = plane_of(self._headers.dataset(location, frame_index))
            if plane is not None:
                self._planes.put(key, plane)
        return plane

    def _candidates(
        self, principal: Principal, location: InstanceLocation, state: Dataset
    ) -> Iterator[tuple[InstanceLocation, int]]:
        series: dict[tuple[str, str], dict[str, InstanceLocation]] = {}
        count = 0
        for one in superimposed_images(state):
            place = (one.study_instance_uid or location.study_instance_uid, one.series_instance_uid)
            if place not in series:
                series[place] = self._series(principal, *place)
            found = series[place].get(one.sop_instance_uid)
            if found is None:
                continue
            number_of_frames = found.number_of_frames or 0
            for number in one.frame_numbers or range(1, number_of_frames + 1):
                if not 0 < number <= number_of_frames:
                    continue
                count += 1
                if count > _MAX_FRAMES:
                    raise NotAcceptable("the presentation state is for too many frames")
                yield found, number - 1
        if not count:
            raise NotFound("the superimposed images of the presentation state are not here")

    def _series(
        self, principal: Principal, study_instance_uid: str, series_instance_uid: str
    ) -> dict[str, InstanceLocation]:
        try:
            found = self._retrieve.locate(principal, study_instance_uid, series_instance_uid)
        except NotFound:
            return {}
        return {one.sop_instance_uid: one for one in found}
