"""Small pictures of studies, series, instances and frames, one instance standing for many (PS3.18 10.4.1.1.4)."""

import contextlib

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.derived import DerivedFiles
from hounsfield.archive.forms.kept import Kept
from hounsfield.archive.forms.rendering import PictureRequest, Rendering
from hounsfield.archive.forms.representations import Kind, Representations
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.sop_classes import is_image, name_of
from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.rendering.render import THUMBNAIL_PIXELS
from hounsfield.pixels.rendering.view import Viewport

_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_MAX_KEPT = 2048
_MAX_KEPT_BYTES = 32 << 20
# A series of millions of objects is not looked through for one that can be shown.
_MAX_TRIED = 8


class Thumbnails:
    """Makes thumbnails; keeps the latest in memory and many on the disk. May be called from many threads."""

    def __init__(
        self, retrieve: Retrieve, shown: Representations, derived: DerivedFiles | None = None
    ) -> None:
        self._retrieve = retrieve
        self._shown = shown
        self._rendering: Rendering = shown.rendering
        self._derived = derived or DerivedFiles(None)
        self._kept: Kept[bytes] = Kept(_MAX_KEPT, _MAX_KEPT_BYTES, len)

    def representative(
        self,
        principal: Principal,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
    ) -> InstanceLocation:
        """The instance that stands for a series or a study, with its frame table; raises NotFound, NotAcceptable.

        It is the image in the middle of the series, for a study of its first series with images. Where there is no
        image, something else stands for it.
        """
        locations = self._retrieve.locate(principal, study_instance_uid, series_instance_uid)
        images = [one for one in locations if one.number_of_frames and is_image(one.sop_class_uid)]
        if images:
            first = [
                one for one in images if one.series_instance_uid == images[0].series_instance_uid
            ]
            return self._shown.located(principal, first[len(first) // 2])
        for bare in locations[:_MAX_TRIED]:
            location = self._shown.located(principal, bare)
            try:
                self._shown.kind(location)
            except HounsfieldError:
                continue
            return location
        raise NotAcceptable("there is nothing to be shown of it")

    def of_instance(
        self,
        location: InstanceLocation,
        width: int = THUMBNAIL_PIXELS,
        height: int = THUMBNAIL_PIXELS,
        frame_index: int | None = None,
    ) -> bytes:
        """A JPEG of one frame, the middle one if not said, or one that tells what else it is.

        Raises NotAcceptable and InvalidInstance where nothing can be shown, NotFound for a frame that is not there.
        """
        place = "m" if frame_index is None else f"{frame_index}"
        if location.sop_class_uid == _PDF:
            place += "p"  # what is kept from versions that drew no pages has other names
        name = f"{place}-{width}x{height}.jpg"
        key = (location.sha256, name)
        made = self._kept.get(key)
        if made is None:
            made = self._derived.get(*key)
            if made is None:
                made = self._make(location, width, height, frame_index)
                self._derived.put(*key, made)
            self._kept.put(key, made)
        return made

    def _make(
        self, location: InstanceLocation, width: int, height: int, frame_index: int | None
    ) -> bytes:
        kind = self._shown.kind(location)
        if kind is Kind.IMAGE:
            return self._rendering.thumbnail(location, width, height, frame_index)
        if kind is Kind.VIDEO:
            request = PictureRequest(viewport=Viewport(width, height))
            return self._shown.frame(location, frame_index or 0, request)
        if frame_index is not None:
            raise NotAcceptable("this instance has no frames to be shown")
        if location.sop_class_uid == _PDF:
            # A document that is broken, locked or a bomb still has a title.
            with contextlib.suppress(InvalidInstance, NotAcceptable):
                return self._shown.first_page(location, width, height)
        lines = [name_of(location.sop_class_uid), *self._shown.summary(location)]
        return self._rendering.pool.run("card", lines, width, height)[1]
