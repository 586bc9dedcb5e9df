"""What a screenshot shows, in numbers."""

import imagecodecs
import numpy as np


def grey(png: bytes) -> np.ndarray:
    """Return the picture as brightness 0 to 255, `(rows, columns)`."""
    picture = imagecodecs.png_decode(png)
    return picture[..., :3].astype(np.float32).mean(axis=2) if picture.ndim == 3 else picture


def middle(picture: np.ndarray) -> np.ndarray:
    """Return the inner half of each direction, where no corner text stands."""
    rows, columns = picture.shape
    return picture[rows // 4 : -rows // 4, columns // 4 : -columns // 4]


def lit_share(png: bytes) -> float:
    """Return how much of the middle is neither black nor the colour of the page around it."""
    return float((middle(grey(png)) > 40).mean())


def brightness(png: bytes) -> float:
    return float(middle(grey(png)).mean())


def difference(one: bytes, other: bytes) -> float:
    """Return the mean difference of two pictures of one size."""
    return float(np.abs(middle(grey(one)) - middle(grey(other))).mean())


def colourfulness(png: bytes) -> float:
    """Return by how much red, green and blue differ in the middle, on average; 0 where all is grey."""
    picture = imagecodecs.png_decode(png)[..., :3].astype(np.float32)
    return float(middle(picture.max(axis=2) - picture.min(axis=2)).mean())
