"""Tells which compressed frames the decoders in browsers are known to get wrong, without saying so.

Those of Cornerstone, which most web viewers are built on, were tried: 12-bit JPEG comes out brighter, colours are converted
where they need not be or the other way round, signs are taken from the codestream, and wide RLE is filled in part only.
"""

from hounsfield.errors import InvalidInstance
from hounsfield.pixels.codecs.codestreams import is_ybr, read_jpeg, read_jpeg2000
from hounsfield.pixels.description import ImagePixelDescription

_RLE = "1.2.840.10008.1.2.5"
_JPEG = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in range(50, 57))
_JPEG2000 = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203))


def may_be_misread(transfer_syntax_uid: str) -> bool:
    """Whether it is worth looking at frames in a transfer syntax."""
    return transfer_syntax_uid == _RLE or transfer_syntax_uid in _JPEG | _JPEG2000


def is_misread(frame: bytes, image: ImagePixelDescription) -> bool:
    """Whether browsers make other values of a frame than are in it. What is damaged is not."""
    syntax = image.transfer_syntax_uid
    if syntax == _RLE:
        return image.bits_allocated * image.samples_per_pixel > 24 and image.bits_allocated > 8
    try:
        if syntax in _JPEG2000:
            stream = read_jpeg2000(frame)
            return stream.is_signed != image.is_signed
        stream = read_jpeg(frame)
    except InvalidInstance:
        return False
    if stream.components == 1:
        return stream.bits > 8
    # PS3.3 C.7.6.3.1.2: what the stream says of its colours and what the data set says are to agree.
    return is_ybr(stream, image) != image.photometric_interpretation.startswith("YBR")
