"""Draws the first page of a PDF, for thumbnails of encapsulated documents (PS3.3 A.45.1, PS3.18 10.4.1.1.4).

A PDF is a program of whoever sent it: call this in the processes of `pixels.pool` only.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hounsfield.errors import InvalidInstance

MAX_SIDE = 4096


def first_page(content: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """The first page as (rows, columns, 3) RGB on white that fits into ``width`` by ``height`` and keeps its proportions.

    Raises InvalidInstance where there is no such page, or it may not be read without a password.
    """
    import pypdfium2  # noqa: PLC0415 - only who draws a page has to load it

    try:
        with pypdfium2.PdfDocument(content) as document:
            page = document[0]
            page_width, page_height = page.get_size()
            if not (0 < page_width < math.inf and 0 < page_height < math.inf):
                raise InvalidInstance("its first page has no size")
            # The page may be of any size; what is drawn is never larger than the picture.
            wanted = (min(max(side, 1), MAX_SIDE) for side in (width, height))
            scale = min(
                side / given for side, given in zip(wanted, (page_width, page_height), strict=True)
            )
            bitmap = page.render(scale=scale, rev_byteorder=True, limit_image_cache=True)
            return np.array(bitmap.to_numpy(), dtype=np.uint8)
    except (pypdfium2.PdfiumError, ValueError, IndexError, OverflowError) as problem:
        raise InvalidInstance(f"its first page cannot be drawn: {problem}") from problem
