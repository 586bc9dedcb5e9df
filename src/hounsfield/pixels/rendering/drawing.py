"""Makes the picture of a frame: decode, grey or colour, overlays, shutter, size, annotations (PS3.4 N.2)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.pixels.codecs.decode import decode_frame
from hounsfield.pixels.colour import apply_palette
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.annotations import draw
from hounsfield.pixels.rendering.blending import Superimposed, blended
from hounsfield.pixels.rendering.geometry import place
from hounsfield.pixels.rendering.greyscale import picture_grey, pseudo_coloured
from hounsfield.pixels.rendering.icc import in_colour_space
from hounsfield.pixels.rendering.overlays import burn_overlays, close_shutter
from hounsfield.pixels.rendering.pictures import DEFAULT_QUALITY, encode
from hounsfield.pixels.rendering.resampling import finite
from hounsfield.pixels.rendering.view import View


@dataclass(frozen=True, slots=True)
class PictureForm:
    """The file that a picture becomes; ``colour_space`` is one of `icc.COLOUR_SPACES` or nothing."""

    media_type: str = "image/jpeg"
    quality: int = DEFAULT_QUALITY
    colour_space: str = ""
    own_profile: bytes = b""


def picture_of(
    frame: Buffer,
    image: ImagePixelDescription,
    view: View,
    bit_offset: int = 0,
    over: Superimposed | None = None,
) -> NDArray[np.uint8]:
    """One frame as (rows, columns) of grey or (rows, columns, 3) of RGB, ``over`` laid over it.

    Raises InvalidInstance and NotAcceptable where it cannot be decoded, InvalidQuery where the region lies outside.
    """
    picture = np.array(shown(decode_frame(frame, image, bit_offset=bit_offset), image))
    if over is not None:
        picture = blended(picture, over)
    burn_overlays(picture, view.overlays, frame, image, bit_offset)
    if view.shutter is not None:
        close_shutter(picture, view.shutter)
    placed, placement = place(picture, view, image.pixel_aspect)
    return draw(placed, view, placement)


def shown(pixels: NDArray[Any], image: ImagePixelDescription) -> NDArray[np.uint8]:
    """Decoded pixels in 8 bits, in the size that they have."""
    if image.photometric_interpretation == "PALETTE COLOR" and image.palette:
        return apply_palette(pixels, image.palette)
    if pixels.ndim == 2 and image.pseudo_colours:
        return pseudo_coloured(pixels, image, image.pseudo_colours)
    if pixels.ndim == 2:
        return picture_grey(pixels, image)
    if pixels.dtype == np.uint8 and image.bits_stored == 8:
        return pixels
    if pixels.dtype.kind == "f":
        return np.asarray(np.clip(np.rint(finite(pixels) * 255.0), 0, 255), dtype=np.uint8)
    scale = 255.0 / ((1 << image.bits_stored) - 1)
    return np.asarray(np.clip(np.rint(pixels * scale), 0, 255), dtype=np.uint8)


def picture_file(
    frame: Buffer,
    image: ImagePixelDescription,
    view: View,
    form: PictureForm,
    bit_offset: int = 0,
    over: Superimposed | None = None,
) -> bytes:
    """One frame as a file of the form asked for."""
    return _file(picture_of(frame, image, view, bit_offset, over), form)


def video_picture(frame: NDArray[np.uint8], view: View, form: PictureForm) -> bytes:
    """The same of a frame of video, which is RGB already."""
    placed, placement = place(frame, view, 1.0)
    return _file(draw(placed, view, placement), form)


def _file(picture: NDArray[np.uint8], form: PictureForm) -> bytes:
    picture, profile = in_colour_space(picture, form.own_profile, form.colour_space)
    return encode(picture, form.media_type, form.quality, profile)
