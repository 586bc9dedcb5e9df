"""The cells of a frame as arrays: every bit that is allocated, whatever form it is stored in (PS3.5 8.1, 8.2)."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.decode import check, inflate, native_bytes, native_values
from hounsfield.pixels.codecs.native import decoded_cells
from hounsfield.pixels.colour import expand_422
from hounsfield.pixels.description import ImagePixelDescription

_DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
_ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"


def cells_of(
    frame: Buffer, image: ImagePixelDescription, bit_offset: int = 0
) -> tuple[NDArray[Any], str]:
    """(cells by row, column and sample without a sign, the photometric interpretation that they have now).

    Subsampled colours come out with a value for each pixel. Raises InvalidInstance and NotAcceptable.
    """
    check(image)
    if image.pixel_vr in ("OF", "OD"):
        raise NotAcceptable("floating point pixels have no compressed form")
    syntax = of(image.transfer_syntax_uid)
    plain = (_DEFLATED_FRAME, _ENCAPSULATED_UNCOMPRESSED)
    if syntax.is_encapsulated and syntax.uid not in plain:
        cells, photometric = decoded_cells(bytes(frame), image)
        if image.bits_allocated == 1:
            cells = cells.reshape(image.rows, image.columns)
        return cells, photometric
    if syntax.uid == _DEFLATED_FRAME:
        frame = inflate(frame, native_bytes(image))
    photometric = image.photometric_interpretation
    # Every bit of a cell is wanted, and colours as they are.
    whole = replace(
        image,
        bits_stored=image.bits_allocated,
        high_bit=image.bits_allocated - 1,
        is_signed=False,
        photometric_interpretation="RGB" if image.samples_per_pixel > 1 else photometric,
    )
    if photometric.endswith("_422") and image.samples_per_pixel == 3:
        return _expanded(frame, whole, photometric)
    return native_values(frame, whole, bit_offset), photometric


def _expanded(
    frame: Buffer, image: ImagePixelDescription, photometric: str
) -> tuple[NDArray[Any], str]:
    if photometric != "YBR_FULL_422":
        raise NotAcceptable("partial range colours have no form without subsampling")
    if image.columns % 2:
        raise InvalidInstance("4:2:2 sampling needs an even number of columns")
    # As one line of two samples for each pixel.
    flat = replace(image, samples_per_pixel=1, columns=image.columns * 2)
    values = native_values(frame, flat, 0).reshape(-1)
    return expand_422(values, image.rows, image.columns), "YBR_FULL"
