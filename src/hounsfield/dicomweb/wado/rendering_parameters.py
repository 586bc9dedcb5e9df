"""Reads the query parameters of rendered resources (PS3.18 8.3.5)."""

import math
import re
from collections.abc import Mapping

from hounsfield.archive.forms.rendering import PictureRequest, WindowAsked
from hounsfield.errors import InvalidQuery
from hounsfield.pixels.rendering.drawing import PictureForm
from hounsfield.pixels.rendering.geometry import MAX_VIEWPORT
from hounsfield.pixels.rendering.icc import COLOUR_SPACES
from hounsfield.pixels.rendering.pictures import DEFAULT_QUALITY
from hounsfield.pixels.rendering.view import Viewport

NOTES = frozenset({"patient", "technique"})
_FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
_WHOLE = re.compile(r"[0-9]{1,9}")


def picture_request(parameters: Mapping[str, str], media_type: str) -> PictureRequest:
    """What is asked for, as a file of this type; raises InvalidQuery naming the parameter that is wrong."""
    colour_space = parameters.get("iccprofile", "").lower()
    if colour_space not in ("", "no", *COLOUR_SPACES):
        raise InvalidQuery(f"iccprofile is one of no, {', '.join(COLOUR_SPACES)}")
    notes = frozenset(part.strip() for part in parameters.get("annotation", "").split(","))
    if not notes <= NOTES | {""}:
        raise InvalidQuery("annotation is patient, technique or both with a comma between")
    quality = DEFAULT_QUALITY
    if (text := parameters.get("quality")) is not None:
        if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= 100:
            raise InvalidQuery("quality is a whole number from 1 to 100")
        quality = int(text)
    return PictureRequest(
        form=PictureForm(media_type, quality, colour_space),
        window=window_of(parameters.get("window")),
        viewport=viewport_of(parameters.get("viewport")),
        notes=notes & NOTES,
    )


def window_of(text: str | None) -> WindowAsked | None:
    """window=center,width,function (8.3.5.1.4); without a function it is linear."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3):
        raise InvalidQuery("window is center,width,function")
    center, width = _number("window", parts[0]), _number("window", parts[1])
    function = _FUNCTIONS.get(parts[2].lower().replace("_", "-") if len(parts) == 3 else "linear")
    if function is None:
        raise InvalidQuery(f"the function of a window is {', '.join(_FUNCTIONS)}")
    # PS3.3 C.11.2.1.2: a linear window is at least 1 wide, the others wider than 0.
    if width < 1 if function == "LINEAR" else width <= 0:
        raise InvalidQuery("the width of a window is too small")
    return WindowAsked(center, width, function)


def viewport_of(text: str | None, *, is_thumbnail: bool = False) -> Viewport | None:
    """viewport=vw,vh[,sx[,sy[,sw[,sh]]]] (8.3.5.1.3); a negative size of the source turns it round."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 2 or len(parts) > (2 if is_thumbnail else 6):
        raise InvalidQuery("viewport is width,height in pixels" + ("" if is_thumbnail else _REST))
    size = [int(part) if _WHOLE.fullmatch(part) else 0 for part in parts[:2]]
    if not all(0 < side <= MAX_VIEWPORT for side in size):
        raise InvalidQuery(f"viewport: width and height are from 1 to {MAX_VIEWPORT}")
    given = [_number("viewport", part) if part else None for part in parts[2:]]
    x, y, width, height = (given + [None] * 4)[:4]
    if width == 0 or height == 0:
        raise InvalidQuery("viewport: the region has no pixels")
    return Viewport(
        size[0],
        size[1],
        abs(x or 0.0),
        abs(y or 0.0),
        None if width is None else abs(width),
        None if height is None else abs(height),
        flips_horizontally=width is not None and width < 0,
        flips_vertically=height is not None and height < 0,
    )


_REST = ", and if wanted x,y,width,height of the region"


def _number(parameter: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12:
        raise InvalidQuery(f"{parameter}: {text[:40]!r} is no number")
    return number
