"""Small pictures of series and instances, the middle one standing for a series (PS3.18 10.4.1.1.4)."""

import threading
from collections import OrderedDict

import orjson

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.sop_classes import is_image
from hounsfield.errors import NotAcceptable
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.render import THUMBNAIL_PIXELS, thumbnail

_MAX_KEPT = 2048
# A thumbnail is no reason to read a whole-slide level or an hour of video.
_MAX_FRAME_BYTES = 256 << 20


class Thumbnails:
    """Makes thumbnails and keeps the latest in memory; may be called from many threads."""

    def __init__(self, retrieve: Retrieve) -> None:
        self._retrieve = retrieve
        self._kept: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def representative(
        self, principal: Principal, study_instance_uid: str, series_instance_uid: str
    ) -> InstanceLocation:
        """The instance that stands for a series, with its frame table; raises NotFound, NotAcceptable."""
        locations = self._retrieve.locate(principal, study_instance_uid, series_instance_uid)
        images = [one for one in locations if one.number_of_frames and is_image(one.sop_class_uid)]
        if not images:
            raise NotAcceptable("there is no image in this series")
        middle = images[len(images) // 2]
        return self._retrieve.locate(
            principal, study_instance_uid, series_instance_uid, middle.sop_instance_uid
        )[0]

    def of_instance(
        self,
        location: InstanceLocation,
        width: int = THUMBNAIL_PIXELS,
        height: int = THUMBNAIL_PIXELS,
        frame_index: int | None = None,
    ) -> bytes:
        """A JPEG of one frame, the middle one if not said; raises NotAcceptable and InvalidInstance."""
        table = location.frame_table()
        if table is None:
            raise NotAcceptable("this instance is no image")
        if frame_index is None:
            frame_index = table.number_of_frames // 2
        key = (location.sha256, frame_index, width, height)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        ranges = table.ranges(frame_index)
        if sum(length for _, length in ranges) > _MAX_FRAME_BYTES:
            raise NotAcceptable("the frame is too large for a thumbnail")
        metadata = orjson.loads(self._retrieve.instance_metadata(location))
        image = ImagePixelDescription.from_json(metadata, location.transfer_syntax_uid, frame_index)
        with self._retrieve.open_instance(location) as stored:
            frame = b"".join(stored.read_at(offset, length) for offset, length in ranges)
        made = thumbnail(frame, image, width, height, bit_offset=table.bit_offset(frame_index))
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return made
