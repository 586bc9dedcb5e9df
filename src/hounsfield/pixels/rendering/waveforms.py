"""Draws waveforms such as ECGs on a millimetre grid: 25 mm a second, 10 mm a millivolt (PS3.3 C.10.9)."""

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hounsfield.errors import InvalidInstance

MM_PER_S, MM_PER_MV = 25.0, 10.0
_ROW_S = 10.0
_MAX_ROWS = 96
_MAX_SAMPLES = 1 << 24
_ROW_MM, _MARGIN_MM, _HEAD_MM = 24.0, 8.0, 14.0
_PX_PER_MM = 4
_MILLIVOLTS = {"uV": 0.001, "mV": 1.0, "V": 1000.0, "nV": 1e-6}
_TYPES = {
    "SB": "i1",
    "UB": "u1",
    "MB": "u1",
    "AB": "u1",
    "SS": "i2",
    "US": "u2",
    "SL": "i4",
    "UL": "u4",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One curve: its values are millivolts, or ``unit`` where it measures something else."""

    name: str
    unit: str
    values: NDArray[np.float32]
    frequency_hz: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn, in millimetres: curves and texts on a grid."""

    width: float
    height: float
    curves: tuple[NDArray[np.float32], ...]
    texts: tuple[tuple[float, float, str], ...]


def channels_of(waveforms: list[Mapping[str, Any]], data: list[bytes]) -> list[Channel]:
    """The channels of all multiplex groups, from their DICOM JSON and the bytes of each; raises InvalidInstance."""
    found: list[Channel] = []
    for waveform, content in zip(waveforms, data, strict=True):
        found += _channels(waveform, content)
    if not found:
        raise InvalidInstance("its waveforms have no channels")
    return found


def _channels(waveform: Mapping[str, Any], content: bytes) -> Iterator[Channel]:
    definitions = [item for item in waveform.get("003A0200", {}).get("Value", ()) if item]
    count = len(definitions)
    kind = _TYPES.get(str(_value(waveform, "54001006") or "SS"))
    frequency = _real(_value(waveform, "003A001A"), 0.0)
    if kind is None or not count or not frequency > 0:
        raise InvalidInstance("its waveforms are of a kind that is not known")
    if len(content) > _MAX_SAMPLES * 4:
        raise InvalidInstance("its waveforms are too long to be drawn")
    stored = np.frombuffer(content, "<" + kind, count=len(content) // np.dtype(kind).itemsize)
    samples = stored[: len(stored) // count * count].reshape(-1, count)
    law = _value(waveform, "54001006")
    for at, definition in enumerate(definitions):
        raw = samples[:, at]
        values = _expanded(raw, law) if law in ("MB", "AB") else raw.astype(np.float32)
        padding = waveform.get("5400100A")
        if padding is not None:
            values = np.where(raw == _padding(padding, kind), np.float32(np.nan), values)
        baseline = _real(_value(definition, "003A0213"), 0.0)
        sensitivity = _real(_value(definition, "003A0210"), 1.0)
        factor = sensitivity * _real(_value(definition, "003A0212"), 1.0)
        unit = str(_value(_item(definition, "003A0211"), "00080100") or "")
        values = baseline + values * factor
        if unit in _MILLIVOLTS:
            values, unit = values * _MILLIVOLTS[unit], "mV"
        yield Channel(_name(definition, at), unit, values.astype(np.float32), frequency)


def _name(definition: Mapping[str, Any], at: int) -> str:
    label = _value(definition, "003A0203")
    meaning = _value(_item(definition, "003A0208"), "00080104")
    text = str(label or meaning or f"Channel {at + 1}").strip()
    return text.removeprefix("Lead ").split(" (")[0]


def _expanded(stored: NDArray[Any], law: Any) -> NDArray[np.float32]:
    """Undo the compression of speech (ITU-T G.711), of which each byte is one sample."""
    codes = np.arange(256)
    if law == "MB":
        flipped = ~codes & 0xFF
        size = ((((flipped & 0x0F) << 3) + 0x84) << ((flipped & 0x70) >> 4)) - 0x84
        table = np.where(flipped & 0x80, -size, size)
    else:
        flipped = codes ^ 0x55
        exponent, mantissa = (flipped & 0x70) >> 4, (flipped & 0x0F) << 4
        size = np.where(
            exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0)
        )
        table = np.where(flipped & 0x80, size, -size)
    return np.asarray(table.astype(np.float32)[stored])


def _padding(element: Mapping[str, Any], kind: str) -> Any:
    """The value that stands where nothing was measured (5400,100A)."""
    content = base64.b64decode(element.get("InlineBinary", ""))
    found = np.frombuffer(content, "<" + kind, count=len(content) // np.dtype(kind).itemsize)
    return found[0] if len(found) else None


def sheet_of(channels: list[Channel], title: str) -> Sheet:
    """Lay the channels out below one another, ten seconds to a row."""
    curves: list[NDArray[np.float32]] = []
    texts: list[tuple[float, float, str]] = [(_MARGIN_MM, 6.0, title)]
    longest_s = max(len(one.values) / one.frequency_hz for one in channels)
    blocks = max(1, min(int(np.ceil(longest_s / _ROW_S - 1e-6)), _MAX_ROWS // len(channels) or 1))
    row = 0
    for block in range(blocks):
        for channel in channels[:_MAX_ROWS]:
            middle = _HEAD_MM + _ROW_MM * (row + 0.5)
            begin, end = (int(n * _ROW_S * channel.frequency_hz) for n in (block, block + 1))
            part = channel.values[begin:end]
            row += 1
            texts.append((_MARGIN_MM, middle - _ROW_MM / 3, channel.name))
            if part.size:
                curves.append(_curve(channel, part, middle))
    width = 2 * _MARGIN_MM + min(longest_s, _ROW_S) * MM_PER_S
    height = _HEAD_MM + _ROW_MM * row + _HEAD_MM
    texts.append((_MARGIN_MM, height - 4.0, f"{MM_PER_S:g} mm/s   {MM_PER_MV:g} mm/mV"))
    return Sheet(max(width, 60.0), height, tuple(curves), tuple(texts))


def _curve(channel: Channel, part: NDArray[np.float32], middle: float) -> NDArray[np.float32]:
    x = _MARGIN_MM + np.arange(len(part), dtype=np.float32) * (MM_PER_S / channel.frequency_hz)
    if channel.unit == "mV":
        y = middle - part * MM_PER_MV
    else:
        known = part[np.isfinite(part)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        y = middle - (part - (low + high) / 2) * (0.8 * _ROW_MM / max(high - low, 1e-9))
    # Nothing is drawn far outside of the sheet.
    return np.stack([x, np.clip(y, middle - 10 * _ROW_MM, middle + 10 * _ROW_MM)], axis=-1)


def to_svg(sheet: Sheet) -> bytes:
    """The sheet as SVG in its real size."""
    width, height = sheet.width, sheet.height
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.1f}mm" height="{height:.1f}mm" '
        f'viewBox="0 0 {width:.1f} {height:.1f}"><rect width="100%" height="100%" fill="#fff"/>'
    )
    lines = [begin]
    for step, stroke in ((1, 0.08), (5, 0.2)):
        path = "".join(f"M{x} 0V{height:.1f}" for x in range(0, int(width) + 1, step))
        path += "".join(f"M0 {y}H{width:.1f}" for y in range(0, int(height) + 1, step))
        lines.append(f'<path d="{path}" stroke="#f2b8b5" stroke-width="{stroke}" fill="none"/>')
    for curve in sheet.curves:
        for piece in _pieces(curve):
            points = " ".join(f"{x:.2f},{y:.2f}" for x, y in piece.tolist())
            lines.append(
                f'<polyline points="{points}" fill="none" stroke="#111" stroke-width="0.25"/>'
            )
    for x, y, text in sheet.texts:
        lines.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="4">{escape(text)}</text>'
        )
    return "".join([*lines, "</svg>"]).encode()


def to_png(sheet: Sheet) -> bytes:
    """The sheet as PNG of about 100 dots an inch."""
    size = round(sheet.width * _PX_PER_MM), round(sheet.height * _PX_PER_MM)
    canvas = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(canvas)
    for step, colour in ((1, "#fbe3e2"), (5, "#f2b8b5")):
        for across in range(0, size[0], step * _PX_PER_MM):
            pen.line([(across, 0), (across, size[1])], fill=colour)
        for down in range(0, size[1], step * _PX_PER_MM):
            pen.line([(0, down), (size[0], down)], fill=colour)
    for curve in sheet.curves:
        for piece in _pieces(curve):
            pen.line([(x, y) for x, y in (piece * _PX_PER_MM).tolist()], fill="#111111")
    font = ImageFont.load_default(4 * _PX_PER_MM)
    for x, y, text in sheet.texts:
        pen.text((x * _PX_PER_MM, y * _PX_PER_MM), text, fill="black", font=font, anchor="ls")
    made = io.BytesIO()
    canvas.save(made, "PNG", dpi=(_PX_PER_MM * 25.4, _PX_PER_MM * 25.4))
    return made.getvalue()


def _pieces(curve: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The parts of a curve between places where nothing was measured."""
    known = np.isfinite(curve[:, 1])
    if known.all():
        yield curve
        return
    edges = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
    for piece in np.split(curve, edges):
        if len(piece) > 1 and np.isfinite(piece[0, 1]):
            yield piece


def _item(attributes: Mapping[str, Any], tag: str) -> Mapping[str, Any]:
    value = _value(attributes, tag)
    return value if isinstance(value, dict) else {}


def _value(attributes: Mapping[str, Any], tag: str) -> Any:
    element = attributes.get(tag) or {}
    values = element.get("Value", ()) if isinstance(element, dict) else element
    return values[0] if values else None


def _real(value: Any, default: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if np.isfinite(number) else default
