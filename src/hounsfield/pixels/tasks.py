"""What the processes of `pixels.pool` can do. Each task gives what it tells in JSON, and bytes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.pixels.codecs.cells import cells_of
from hounsfield.pixels.codecs.encode import encode_frame, recompress
from hounsfield.pixels.codecs.native import as_told, decoded_cells, native_frames
from hounsfield.pixels.codecs.photographs import photograph
from hounsfield.pixels.codecs.video import mp4, playable, video_frame
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.annotations import card
from hounsfield.pixels.rendering.blending import Superimposed
from hounsfield.pixels.rendering.documents import first_page
from hounsfield.pixels.rendering.drawing import PictureForm, picture_file, picture_of, video_picture
from hounsfield.pixels.rendering.pictures import animated_gif, encode
from hounsfield.pixels.rendering.render import thumbnail
from hounsfield.pixels.rendering.view import View
from hounsfield.pixels.rendering.waveforms import channels_of, sheet_of, to_png, to_svg

Result = tuple[Any, bytes]
# Pictures without a form: (shape, bytes) of each.
Rasters = list[tuple[list[int], bytes]]


def _picture(
    frame: bytes,
    image: ImagePixelDescription,
    view: View,
    form: PictureForm,
    bit_offset: int,
    over: Superimposed | None = None,
) -> Result:
    return None, picture_file(frame, image, view, form, bit_offset, over)


def _raster(frame: bytes, image: ImagePixelDescription, view: View, bit_offset: int) -> Result:
    """A picture without a form, to become part of a film."""
    picture = picture_of(frame, image, view, bit_offset)
    return list(picture.shape), picture.tobytes()


def _thumbnail(
    frame: bytes, image: ImagePixelDescription, width: int, height: int, bit_offset: int
) -> Result:
    return None, thumbnail(frame, image, width, height, bit_offset=bit_offset)


def _native(frame: bytes, image: ImagePixelDescription) -> Result:
    """One compressed frame in native form; what its colours are is told with it."""
    native = native_frames([frame], 1, image)
    return native.photometric_interpretation, b"".join(native.pieces)


def _animated_gif(rasters: Rasters, frame_times_ms: list[float]) -> Result:
    return None, animated_gif(_arrays(rasters), frame_times_ms)


def _mp4(rasters: Rasters, frame_times_ms: list[float]) -> Result:
    return None, mp4(_arrays(rasters), frame_times_ms)


def _arrays(rasters: Rasters) -> list[NDArray[np.uint8]]:
    return [np.frombuffer(content, np.uint8).reshape(shape) for shape, content in rasters]


def _video_picture(content: bytes, frame_index: int, view: View, form: PictureForm) -> Result:
    return None, video_picture(video_frame(content, frame_index), view, form)


def _playable_video(content: bytes, frame_time_ms: float) -> Result:
    return None, playable(content, frame_time_ms)


def _waveform_sheet(
    waveforms: list[Mapping[str, Any]], data: list[bytes], title: str, media_type: str
) -> Result:
    sheet = sheet_of(channels_of(waveforms, data), title)
    return None, to_svg(sheet) if media_type == "image/svg+xml" else to_png(sheet)


def _card(lines: list[str], width: int, height: int) -> Result:
    return None, encode(card(lines, width, height), "image/jpeg")


def _first_page(content: bytes, width: int, height: int) -> Result:
    return None, encode(first_page(content, width, height), "image/jpeg")


def _cells(frame: bytes, image: ImagePixelDescription) -> Result:
    return as_told(*decoded_cells(frame, image))


def _encode(
    frame: bytes, image: ImagePixelDescription, bit_offset: int, wanted: str, quality: int
) -> Result:
    cells, photometric = cells_of(frame, image, bit_offset)
    made = encode_frame(cells, image, photometric, wanted, quality)
    return made.photometric_interpretation, made.content


def _recompress(frame: bytes, wanted: str) -> Result:
    return None, recompress(frame, wanted)


def _photograph(media_type: str, may_turn: bool, content: bytes) -> Result:
    made = photograph(media_type, may_turn, content)
    return [made.transfer_syntax_uid, made.attributes], made.pixels or b""


TASKS: dict[str, Callable[..., Result]] = {
    "cells": _cells,
    "encode": _encode,
    "photograph": _photograph,
    "recompress": _recompress,
    "picture": _picture,
    "native": _native,
    "raster": _raster,
    "thumbnail": _thumbnail,
    "animated GIF": _animated_gif,
    "MP4": _mp4,
    "video picture": _video_picture,
    "playable video": _playable_video,
    "card": _card,
    "first page": _first_page,
    "waveform sheet": _waveform_sheet,
}
