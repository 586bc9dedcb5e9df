"""Shows images as a presentation state says: its transformations replace those of the image (PS3.3 A.33, PS3.4 N.2)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydicom import Dataset

from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.description import ImagePixelDescription, palette_of, sequence_table
from hounsfield.pixels.rendering.dataset_values import numbers_of, whole_number_of
from hounsfield.pixels.rendering.view import (
    DisplayedArea,
    Graphic,
    Label,
    OverlayPlane,
    View,
    overlays_of,
    shutter_of,
)

_ROOT = "1.2.840.10008.5.1.4.1.1.11."
_GREYSCALE, _COLOUR, _PSEUDO_COLOUR = _ROOT + "1", _ROOT + "2", _ROOT + "3"
_BLENDING = _ROOT + "4"
_MAX_OBJECTS = 2000
_KINDS = frozenset({"POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE", "MULTIPOINT"})


@dataclass(frozen=True, slots=True)
class ReferencedImage:
    """An image that a presentation state is for; without frame numbers it is for all of them."""

    series_instance_uid: str
    sop_instance_uid: str
    frame_numbers: tuple[int, ...] = ()
    # Only a blending state names studies; others are for images of their own.
    study_instance_uid: str = ""


def is_presentation_state(sop_class_uid: str) -> bool:
    """Whether instances of a SOP class say how other images are shown."""
    return sop_class_uid.startswith(_ROOT)


def is_blending(state: Dataset) -> bool:
    """Whether a state lays images over others (A.33.4)."""
    return bool(state.get("SOPClassUID") == _BLENDING)


def referenced_images(state: Dataset) -> list[ReferencedImage]:
    """The images that a state is for (C.11.11), of one that blends those that lie below."""
    return _referenced(_blended(state, "UNDERLYING") if is_blending(state) else state)


def superimposed_images(state: Dataset) -> list[ReferencedImage]:
    """The images that a blending state lays over the others (C.11.14)."""
    return _referenced(_blended(state, "SUPERIMPOSED"))


def _blended(state: Dataset, position: str) -> Dataset:
    items: Sequence[Dataset] = state.get("BlendingSequence") or ()
    for item in items:
        if str(item.get("BlendingPosition", "")).strip() == position:
            return item
    raise InvalidInstance(f"the presentation state says nothing of the {position.lower()} images")


def _referenced(relations: Dataset) -> list[ReferencedImage]:
    study = str(relations.get("StudyInstanceUID", "")) if "BlendingPosition" in relations else ""
    return [
        ReferencedImage(
            str(series.get("SeriesInstanceUID", "")),
            str(one.get("ReferencedSOPInstanceUID", "")),
            tuple(int(n) for n in numbers_of(one, 0x00081160)),
            study,
        )
        for series in relations.get("ReferencedSeriesSequence") or ()
        for one in series.get("ReferencedImageSequence") or ()
    ]


def apply(
    state: Dataset,
    sop_instance_uid: str,
    frame_number: int,
    image: ImagePixelDescription,
    view: View,
) -> tuple[ImagePixelDescription, View]:
    """(the image with the grey and colour steps of the state, the view that it asks for) of one frame.

    Raises NotAcceptable for states of other kinds, InvalidInstance where the state cannot be read.
    """
    sop_class_uid = state.get("SOPClassUID")
    if sop_class_uid not in (_GREYSCALE, _COLOUR, _PSEUDO_COLOUR, _BLENDING):
        raise NotAcceptable("presentation states of this kind are not rendered")
    mine = _Mine(sop_instance_uid, frame_number)
    try:
        if sop_class_uid == _PSEUDO_COLOUR:
            image = _pseudo_coloured(state, state, mine, image)
        elif sop_class_uid == _BLENDING:
            _require_grey(image)
            image = _greys(_blended(state, "UNDERLYING"), mine, image)
        elif image.samples_per_pixel == 1 and not _keeps_colours(state, image):
            image = _greys(state, mine, image)
        return image, _view(state, mine, view)
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError) as problem:
        raise InvalidInstance(f"the presentation state cannot be read: {problem}") from problem


def apply_superimposed(
    state: Dataset, sop_instance_uid: str, frame_number: int, image: ImagePixelDescription
) -> tuple[ImagePixelDescription, float]:
    """(a superimposed image in its colours, its opacity from 0 to 1) by a blending state (C.11.14, PS3.4 N.2.4.2).

    Raises NotAcceptable for an image in colour, InvalidInstance where the state cannot be read.
    """
    mine = _Mine(sop_instance_uid, frame_number)
    opacity = numbers_of(state, 0x00700403)
    if len(opacity) != 1 or not 0.0 <= opacity[0] <= 1.0:
        raise InvalidInstance(
            "the relative opacity of the presentation state is no number from 0 to 1"
        )
    try:
        item = _blended(state, "SUPERIMPOSED")
        return _pseudo_coloured(state, item, mine, image), opacity[0]
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError) as problem:
        raise InvalidInstance(f"the presentation state cannot be read: {problem}") from problem


def _keeps_colours(state: Dataset, image: ImagePixelDescription) -> bool:
    return image.photometric_interpretation == "PALETTE COLOR" or state.SOPClassUID == _COLOUR


def _require_grey(image: ImagePixelDescription) -> None:
    if image.samples_per_pixel != 1 or image.photometric_interpretation == "PALETTE COLOR":
        raise NotAcceptable("presentation states of this kind are for greyscale images")


def _pseudo_coloured(
    state: Dataset, steps: Dataset, mine: "_Mine", image: ImagePixelDescription
) -> ImagePixelDescription:
    """PS3.3 A.33.3: a palette takes the place of the presentation LUT, which such a state does not have."""
    _require_grey(image)
    palette = palette_of(state)
    if palette is None:
        raise InvalidInstance("the presentation state has no palette that can be read")
    image = _greys(steps, mine, image)
    return replace(image, is_inverse=False, presentation_lut=None, pseudo_colours=palette)


@dataclass(frozen=True, slots=True)
class _Mine:
    """Tells which items of a state are about one frame."""

    sop_instance_uid: str
    frame_number: int

    def of(self, items: Sequence[Dataset] | None) -> Iterator[Dataset]:
        for item in items or ():
            references = item.get("ReferencedImageSequence")
            if not references or any(self._is_it(one) for one in references):
                yield item

    def _is_it(self, reference: Dataset) -> bool:
        if reference.get("ReferencedSOPInstanceUID") != self.sop_instance_uid:
            return False
        frames = numbers_of(reference, 0x00081160)
        return not frames or self.frame_number in frames


def _greys(state: Dataset, mine: _Mine, image: ImagePixelDescription) -> ImagePixelDescription:
    """PS3.4 N.2.1: what the state does not have is the identity, whatever the image says."""
    voi = next(mine.of(state.get("SoftcopyVOILUTSequence")), Dataset())
    slope, intercept = numbers_of(state, 0x00281053), numbers_of(state, 0x00281052)
    center, width = numbers_of(voi, 0x00281050), numbers_of(voi, 0x00281051)
    has_window = bool(center and width) and math.isfinite(center[0]) and math.isfinite(width[0])
    if not all(map(math.isfinite, (*slope, *intercept))):
        raise InvalidInstance("its rescale slope or intercept is no number")
    image = replace(
        image,
        rescale_slope=slope[0] if slope and slope[0] else 1.0,
        rescale_intercept=intercept[0] if intercept else 0.0,
        modality_lut=sequence_table([state], "ModalityLUTSequence"),
        voi_lut=sequence_table([voi], "VOILUTSequence"),
        window_center=center[0] if has_window else None,
        window_width=width[0] if has_window else None,
        voi_lut_function=str(voi.get("VOILUTFunction") or "LINEAR").strip(),
        # The polarity is that of the state (C.11.6).
        photometric_interpretation="MONOCHROME2",
        is_inverse=str(state.get("PresentationLUTShape", "")).strip() == "INVERSE",
        presentation_lut=sequence_table([state], "PresentationLUTSequence"),
    )
    if not has_window and image.voi_lut is None:
        low, high = _range(image)
        image = replace(
            image,
            window_center=(low + high) / 2,
            window_width=max(high - low, 1.0),
            voi_lut_function="LINEAR_EXACT",
        )
    return image


def _range(image: ImagePixelDescription) -> tuple[float, float]:
    """All that can come out of the modality step."""
    if image.modality_lut is not None:
        return 0.0, float((1 << image.modality_lut.bits) - 1)
    low = -(1 << (image.bits_stored - 1)) if image.is_signed else 0
    ends = (float(low), float(low + (1 << image.bits_stored) - 1))
    low_end, high_end = sorted(end * image.rescale_slope + image.rescale_intercept for end in ends)
    return low_end, high_end


def _view(state: Dataset, mine: _Mine, view: View) -> View:
    area = next(mine.of(state.get("DisplayedAreaSelectionSequence")), None)
    graphics: list[Graphic] = []
    labels: list[Label] = []
    for annotation in mine.of(state.get("GraphicAnnotationSequence")):
        graphics += _graphics(annotation)
        labels += _labels(annotation)
    rotation = int((numbers_of(state, 0x00700042) or [0])[0]) % 360
    return replace(
        view,
        rotation=rotation if rotation in (90, 180, 270) else 0,
        is_flipped=str(state.get("ImageHorizontalFlip", "N")).strip() == "Y",
        area=_area(area) if area is not None else None,
        shutter=shutter_of(state),
        overlays=(*_activated(state, view.overlays), *_own_overlays(state)),
        graphics=tuple(graphics[:_MAX_OBJECTS]),
        labels=tuple(labels[:_MAX_OBJECTS]),
    )


def _activated(state: Dataset, overlays: tuple[OverlayPlane, ...]) -> list[OverlayPlane]:
    """The overlays of the image that the state shows (C.11.7): those it names a layer for."""
    return [
        overlay
        for overlay in overlays
        if state.get((overlay.group, 0x1001)) and not state.get((overlay.group, 0x3000))
    ]


def _own_overlays(state: Dataset) -> list[OverlayPlane]:
    shutter = whole_number_of(state, 0x00181623)
    return [
        overlay
        for overlay in overlays_of(state)
        if state.get((overlay.group, 0x1001)) and overlay.group != shutter
    ]


def _area(item: Dataset) -> DisplayedArea:
    top_left, bottom_right = numbers_of(item, 0x00700052), numbers_of(item, 0x00700053)
    if len(top_left) != 2 or len(bottom_right) != 2:
        raise InvalidInstance("its displayed area has no corners")
    spacing, ratio = numbers_of(item, 0x00700101), numbers_of(item, 0x00700102)
    aspect = 1.0
    for pair in (spacing, ratio):
        if len(pair) == 2 and pair[0] > 0 and pair[1] > 0:
            aspect = pair[0] / pair[1]
            break
    magnification = numbers_of(item, 0x00700103)
    return DisplayedArea(
        (int(top_left[0]), int(top_left[1])),
        (int(bottom_right[0]), int(bottom_right[1])),
        str(item.get("PresentationSizeMode", "SCALE TO FIT")).strip(),
        min(max(magnification[0], 0.01), 100.0) if magnification else 1.0,
        aspect if 0.05 < aspect < 20 else 1.0,
    )


def _graphics(annotation: Dataset) -> Iterator[Graphic]:
    for item in annotation.get("GraphicObjectSequence") or ():
        kind = str(item.get("GraphicType", "")).strip()
        data = numbers_of(item, 0x00700022)
        if kind in _KINDS and len(data) >= 2:
            yield Graphic(
                kind,
                tuple(zip(data[::2], data[1::2], strict=False)),
                is_filled=str(item.get("GraphicFilled", "N")).strip() == "Y",
                is_of_display=_is_of_display(item, "GraphicAnnotationUnits"),
            )


def _labels(annotation: Dataset) -> Iterator[Label]:
    for item in annotation.get("TextObjectSequence") or ():
        text = str(item.get("UnformattedTextValue", "")).replace("\r\n", "\n").strip()
        top_left, anchor = _point(item, 0x00700010), _point(item, 0x00700014)
        if text and (top_left or anchor):
            yield Label(
                text,
                top_left,
                _point(item, 0x00700011),
                anchor,
                shows_anchor=str(item.get("AnchorPointVisibility", "N")).strip() == "Y",
                is_of_display=_is_of_display(item, "BoundingBoxAnnotationUnits"),
                is_anchor_of_display=_is_of_display(item, "AnchorPointAnnotationUnits"),
            )


def _point(item: Dataset, tag: int) -> tuple[float, float] | None:
    values = numbers_of(item, tag)
    return (values[0], values[1]) if len(values) == 2 else None


def _is_of_display(item: Any, keyword: str) -> bool:
    return str(item.get(keyword, "PIXEL")).strip() == "DISPLAY"
