"""The colour spaces that pictures can be asked for in, and their ICC profiles (PS3.18 8.3.5.1.5)."""

from functools import cache
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

# What the parameter may say besides "no".
COLOUR_SPACES = ("yes", "srgb", "adobergb", "rommrgb", "displayp3")
_PRIMARIES: dict[str, dict[str, Any]] = {
    "rommrgb": {
        "whitepoint": (0.3457, 0.3585),
        "primaries": ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)),
        "gamma": 1.8,
    },
    "displayp3": {
        "whitepoint": (0.3127, 0.3290),
        "primaries": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
        "gamma": 2.2,
    },
}


@cache
def profile_of(colour_space: str) -> bytes:
    """The profile of a colour space by its name."""
    options = _PRIMARIES.get(colour_space)
    if options is None:
        return bytes(imagecodecs.cms_profile(colour_space))
    chromaticities = [(x, y, 1.0) for x, y in options["primaries"]]
    return bytes(
        imagecodecs.cms_profile(
            "rgb",
            whitepoint=[*options["whitepoint"], 1.0],
            primaries=[number for point in chromaticities for number in point],
            gamma=options["gamma"],
        )
    )


def in_colour_space(
    picture: NDArray[np.uint8], own_profile: bytes, wanted: str
) -> tuple[NDArray[np.uint8], bytes]:
    """(the picture in the space wanted, the profile to go with it); grey stays as it is.

    What has no profile of its own, or one that cannot be read, is taken as sRGB.
    """
    if not wanted or wanted == "no" or picture.ndim == 2:
        return picture, b""
    if wanted == "yes":
        return picture, own_profile or profile_of("srgb")
    target = profile_of(wanted)
    for source in (own_profile, profile_of("srgb")):
        if source == target:
            break
        if source:
            try:
                return np.asarray(
                    imagecodecs.cms_transform(
                        picture, source, target, colorspace="rgb", outcolorspace="rgb"
                    )
                ), target
            except (RuntimeError, ValueError):
                continue
    return picture, target
