"""What a frame's bytes mean: the attributes needed to decode and to show it (PS3.3 C.7.6.3, C.11)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.multival import MultiValue

from hounsfield.errors import InvalidInstance

_PIXEL_ELEMENTS = {"7FE00008": "OF", "7FE00009": "OD", "7FE00010": "OW"}


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A look-up table: inputs below ``first_value`` take its first entry, those above its last (C.11.1.1)."""

    first_value: int
    values: NDArray[np.uint16]
    bits: int

    def apply(self, stored: NDArray[Any]) -> NDArray[np.uint16]:
        """The entry of each value."""
        index = np.clip(stored - self.first_value, 0, len(self.values) - 1)
        return np.asarray(self.values[index.astype(int)], dtype=np.uint16)


# Red, green, blue.
Palette = tuple[LookupTable, LookupTable, LookupTable]


@dataclass(frozen=True, slots=True)
class ImagePixelDescription:
    """The attributes that give a frame its shape and its look; make it with one of the ``from_`` methods."""

    rows: int
    columns: int
    transfer_syntax_uid: str
    samples_per_pixel: int = 1
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    is_signed: bool = False
    photometric_interpretation: str = "MONOCHROME2"
    is_planar: bool = False
    pixel_vr: str = "OW"
    rescale_slope: float = 1.0
    rescale_intercept: float = 0.0
    modality_lut: LookupTable | None = None
    window_center: float | None = None
    window_width: float | None = None
    voi_lut_function: str = "LINEAR"
    voi_lut: LookupTable | None = None
    is_inverse: bool = False
    # In place of an inverse or identical shape (PS3.3 C.11.4).
    presentation_lut: LookupTable | None = None
    palette: Palette | None = None
    # Of a presentation state: colours for greys, after the VOI step (PS3.4 N.2.4.2).
    pseudo_colours: Palette | None = None
    padding_range: tuple[int, int] | None = None
    # Height of a pixel over its width, as it is to be shown.
    pixel_aspect: float = 1.0

    @classmethod
    def from_json(
        cls, dicom_json: Mapping[str, Any], transfer_syntax_uid: str, frame_index: int = 0
    ) -> "ImagePixelDescription":
        """Read it from the DICOM JSON of one instance (PS3.18 Annex F); raises InvalidInstance.

        Tables that stand there as a BulkDataURI are left out: use ``from_dataset`` where they matter.
        """
        pixel_vr = next(
            (
                dicom_json[tag].get("vr", vr)
                for tag, vr in _PIXEL_ELEMENTS.items()
                if tag in dicom_json
            ),
            "",
        )
        rest = {tag: value for tag, value in dicom_json.items() if tag not in _PIXEL_ELEMENTS}
        try:
            dataset = Dataset.from_json(rest, lambda *_: None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInstance(f"the metadata cannot be read: {error}") from error
        return cls.from_dataset(dataset, transfer_syntax_uid, frame_index, pixel_vr=pixel_vr)

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset,
        transfer_syntax_uid: str,
        frame_index: int = 0,
        *,
        pixel_vr: str = "",
    ) -> "ImagePixelDescription":
        """Read it from a data set, with or without its pixel data; raises InvalidInstance.

        ``frame_index`` chooses among the per-frame functional groups (PS3.3 C.7.6.16).
        """
        try:
            return _describe(dataset, transfer_syntax_uid, frame_index, pixel_vr)
        except (ValueError, TypeError, IndexError, OverflowError, NotImplementedError) as error:
            raise InvalidInstance(f"its image attributes cannot be read: {error}") from error


def _describe(
    dataset: Dataset, transfer_syntax_uid: str, frame_index: int, pixel_vr: str
) -> ImagePixelDescription:
    rows, columns = _number(dataset, "Rows"), _number(dataset, "Columns")
    if not rows or not columns:
        raise InvalidInstance("it is no image: Rows or Columns is missing")
    vr = pixel_vr or next((dataset[tag].VR for tag in _PIXEL_ELEMENTS if tag in dataset), "")
    bits = int({"OF": 32, "OD": 64}.get(vr) or _number(dataset, "BitsAllocated") or 16)
    stored = int(_number(dataset, "BitsStored") or bits)
    high_bit = _number(dataset, "HighBit")
    groups = list(groups_of(dataset, frame_index))
    window = _first(groups, "WindowCenter"), _first(groups, "WindowWidth")
    return ImagePixelDescription(
        rows=int(rows),
        columns=int(columns),
        transfer_syntax_uid=transfer_syntax_uid,
        samples_per_pixel=int(_number(dataset, "SamplesPerPixel") or 1),
        bits_allocated=bits,
        bits_stored=stored,
        high_bit=int(stored - 1 if high_bit is None else high_bit),
        is_signed=_number(dataset, "PixelRepresentation") == 1,
        photometric_interpretation=str(
            dataset.get("PhotometricInterpretation") or "MONOCHROME2"
        ).strip(),
        is_planar=_number(dataset, "PlanarConfiguration") == 1,
        pixel_vr=vr or ("OB" if bits <= 8 else "OW"),
        rescale_slope=_first(groups, "RescaleSlope") or 1.0,
        rescale_intercept=_first(groups, "RescaleIntercept") or 0.0,
        modality_lut=sequence_table(groups, "ModalityLUTSequence"),
        window_center=window[0] if None not in window else None,
        window_width=window[1] if None not in window else None,
        voi_lut_function=str(_found(groups, "VOILUTFunction") or "LINEAR").strip(),
        voi_lut=sequence_table(groups, "VOILUTSequence"),
        is_inverse=dataset.get("PresentationLUTShape") == "INVERSE",
        palette=palette_of(dataset),
        padding_range=_padding(dataset),
        pixel_aspect=_pixel_aspect(groups),
    )


def groups_of(dataset: Dataset, frame_index: int) -> Iterator[Dataset]:
    """The places where an attribute of one frame may stand, the most particular first (C.7.6.16)."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    chosen = [per_frame[frame_index]] if frame_index < len(per_frame) else []
    for group in (*chosen, *shared[:1]):
        for macro in group:
            if macro.VR == "SQ" and macro.value:
                yield macro.value[0]
    yield dataset


def _found(groups: list[Dataset], keyword: str) -> Any:
    """The first value of the first group that has one."""
    for group in groups:
        value = group.get(keyword)
        if isinstance(value, MultiValue | list):
            value = value[0] if len(value) else None
        if value not in (None, ""):
            return value
    return None


def _first(groups: list[Dataset], keyword: str) -> float | None:
    value = _found(groups, keyword)
    number = None if value is None else float(value)
    return number if number is not None and np.isfinite(number) else None


def _number(dataset: Dataset, keyword: str) -> float | None:
    return _first([dataset], keyword)


def _table(descriptor: Any, data: Any, *, is_signed: bool) -> LookupTable | None:
    """A table from its LUT Descriptor and LUT Data (PS3.3 C.11.1.1)."""
    if descriptor is None or data is None or len(descriptor) != 3:
        return None
    count, first, bits = (int(n) for n in descriptor)
    # C.11.1.1: 0 entries mean 65536; the first value has the sign of what goes in.
    count = (count & 0xFFFF) or 65536
    first = (first & 0xFFFF) - (65536 if is_signed and first & 0x8000 else 0)
    if isinstance(data, bytes):
        kind = np.dtype("u1") if len(data) < 2 * count else np.dtype("<u2")
        values = np.frombuffer(data, kind, count=min(count, len(data) // kind.itemsize))
    else:
        values = np.atleast_1d(np.asarray(data, dtype=np.int64))[:count] & 0xFFFF
        if len(values) * 2 == count and bits == 8:
            # Two 8-bit entries in each word.
            values = np.stack([values & 0xFF, values >> 8], axis=-1).ravel()
    return LookupTable(first, values.astype(np.uint16), bits) if len(values) else None


def sequence_table(groups: list[Dataset], keyword: str) -> LookupTable | None:
    """The table in the first item of a sequence, where one of the groups has it."""
    sequence = next((group.get(keyword) for group in groups if group.get(keyword)), None)
    if not sequence:
        return None
    descriptor = sequence[0].get("LUTDescriptor")
    is_signed = descriptor is not None and len(descriptor) == 3 and int(descriptor[1]) < 0
    return _table(descriptor, sequence[0].get("LUTData"), is_signed=is_signed)


def palette_of(dataset: Dataset) -> Palette | None:
    """The palette of a data set (PS3.3 C.7.9), plain or in segments; None where it is not whole."""
    tables = []
    for colour in ("Red", "Green", "Blue"):
        descriptor = dataset.get(f"{colour}PaletteColorLookupTableDescriptor")
        data = dataset.get(f"{colour}PaletteColorLookupTableData")
        if data is None:
            segments = dataset.get(f"Segmented{colour}PaletteColorLookupTableData")
            data = None if segments is None else _expand(segments, descriptor)
        table = _table(descriptor, data, is_signed=_number(dataset, "PixelRepresentation") == 1)
        if table is None:
            return None
        tables.append(table)
    return tables[0], tables[1], tables[2]


def _expand(segments: bytes, descriptor: Any) -> bytes | None:
    """Unfold segmented palette data (PS3.3 C.7.9.2); None where it goes wrong."""
    if descriptor is None or len(descriptor) != 3:
        return None
    limit = (int(descriptor[0]) & 0xFFFF) or 65536
    words = np.frombuffer(segments, "u1" if descriptor[2] == 8 else "<u2").astype(int).tolist()
    values: list[int] = []
    at = _unfold(words, 0, len(words), values, limit)
    if at < 0:
        return None
    return np.array(values[:limit], dtype="<u2").tobytes()


def _unfold(words: list[int], at: int, end: int, values: list[int], limit: int) -> int:
    """Append segments from ``at`` to ``end``; the place reached, or -1 where they make no sense."""
    while at + 2 < end + 1 and at + 1 < len(words) and len(values) < limit:
        opcode, count = words[at], words[at + 1]
        at += 2
        if opcode == 0:
            values += words[at : at + count]
            at += count
        elif opcode == 1 and values and at < len(words):
            ramp = np.linspace(values[-1], words[at], count + 1)[1:]
            values += np.rint(ramp).astype(int).tolist()
            at += 1
        elif opcode == 2 and at + 1 < len(words):
            # An indirect segment repeats ``count`` earlier segments; it may not name another one.
            if not _repeat(words, words[at] | words[at + 1] << 16, count, values, limit):
                return -1
            at += 2
        else:
            return -1
    return at


def _repeat(words: list[int], offset: int, count: int, values: list[int], limit: int) -> bool:
    for _ in range(min(count, limit)):
        if offset + 1 >= len(words) or words[offset] not in (0, 1) or len(values) >= limit:
            return len(values) >= limit
        length = 2 + (words[offset + 1] if words[offset] == 0 else 1)
        if _unfold(words, offset, offset + length, values, limit) < 0:
            return False
        offset += length
    return True


def _padding(dataset: Dataset) -> tuple[int, int] | None:
    first = _number(dataset, "PixelPaddingValue")
    if first is None:
        return None
    last = _number(dataset, "PixelPaddingRangeLimit")
    ends = sorted((int(first), int(first if last is None else last)))
    return ends[0], ends[1]


def _pixel_aspect(groups: list[Dataset]) -> float:
    """Pixel height over pixel width by PS3.3 10.7.1.3 and C.7.6.3.1.7; 1 if it is not said or absurd."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        for group in groups:
            spacing = group.get(keyword)
            if spacing is not None and not isinstance(spacing, str) and len(spacing) == 2:
                return _sane_ratio(float(spacing[0]), float(spacing[1]))
    for group in groups:
        ratio = group.get("PixelAspectRatio")
        if ratio is not None and not isinstance(ratio, str) and len(ratio) == 2:
            return _sane_ratio(float(ratio[0]), float(ratio[1]))
    return 1.0


def _sane_ratio(height: float, width: float) -> float:
    ratio = height / width if width else 1.0
    return ratio if 0.05 < ratio < 20 else 1.0
