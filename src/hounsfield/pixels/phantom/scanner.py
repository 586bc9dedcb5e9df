"""What a scanner adds to the anatomy: sampling, noise with its texture, a receiver coil's shading."""

import numpy as np

from hounsfield.pixels.phantom.shapes import Field, Floats, Plane

# Catmull-Rom weights a quarter of a pixel before and after a sample.
_BEFORE = np.array([-0.0234375, 0.2265625, 0.8671875, -0.0703125], dtype=np.float32)
_AFTER = _BEFORE[::-1]


def doubled(image: Floats) -> Floats:
    """The image at twice the size, by cubic interpolation."""
    return np.asarray(_doubled_rows(_doubled_rows(image).T).T)


def _doubled_rows(image: Floats) -> Floats:
    count = len(image)
    edge = np.pad(image, ((2, 2), (0, 0)), mode="edge")
    result = np.empty((2 * count, image.shape[1]), dtype=np.float32)
    for phase, weights, first in ((0, _BEFORE, 0), (1, _AFTER, 1)):
        part = edge[first : first + count] * weights[0]
        for tap in (1, 2, 3):
            part += edge[first + tap : first + tap + count] * weights[tap]
        result[phase::2] = part
    return result


class Noise:
    """Noise with the texture of a reconstruction kernel; each slice gets another piece of one large sheet."""

    def __init__(self, seed: int, size: int, low_cycles: float, high_cycles: float) -> None:
        """Frequencies in cycles a pixel: where the ramp of the kernel is damped, and where it ends."""
        self._seed, self._size, extent = seed, size, 2 * size
        white = np.random.default_rng(seed).standard_normal((extent, extent), dtype=np.float32)
        down = np.fft.fftfreq(extent).astype(np.float32)[:, None]
        along = np.fft.rfftfreq(extent).astype(np.float32)[None, :]
        frequency = np.sqrt(down * down + along * along)
        response = np.sqrt(frequency / low_cycles) / (1.0 + (frequency / high_cycles) ** 4)
        sheet = np.fft.irfft2(np.fft.rfft2(white) * response, s=(extent, extent))
        self._sheet = (sheet / sheet.std()).astype(np.float32)

    def take(self, index: int) -> Floats:
        """The piece of one slice, which looks unlike the others and is the same every time."""
        rng = np.random.default_rng((self._seed, index))
        row, column, turn = (int(n) for n in rng.integers(0, (self._size, self._size, 4)))
        piece = self._sheet[row : row + self._size, column : column + self._size]
        piece = piece[::-1] if turn & 1 else piece
        return np.asarray(piece[:, ::-1] if turn & 2 else piece)


def ct_image(clean: Floats, noise: Floats, deviation_hu: float, intercept: int) -> bytes:
    """Stored values of a CT slice, unsigned 16-bit with 12 bits stored, for a rescale intercept."""
    # A detector sees no fewer photons than through air: there the noise is lower.
    values = clean + noise * (deviation_hu * np.clip((clean + 1150.0) / 900.0, 0.35, 1.0))
    return bytes(np.clip(np.rint(values) - intercept, 0, 4095).astype("<u2").tobytes())


class Coil:
    """A head coil: brighter near its elements, and noise that is the length of a complex number."""

    def __init__(self, seed: int, size: int) -> None:
        self._shading = Field(seed, 110.0)
        self._real = Noise(seed + 1, size, 0.2, 0.45)
        self._imaginary = Noise(seed + 2, size, 0.2, 0.45)

    def image(self, clean: Floats, plane: Plane, index: int, deviation: float) -> bytes:
        """Stored values of an MR slice, unsigned 16-bit with 12 bits stored."""
        shaded = clean * (1.0 + 0.07 * self._shading.on(plane))
        real = shaded + deviation * self._real.take(index)
        imaginary = deviation * self._imaginary.take(index)
        magnitude = np.sqrt(real * real + imaginary * imaginary)
        return bytes(np.clip(np.rint(magnitude), 0, 4095).astype("<u2").tobytes())
