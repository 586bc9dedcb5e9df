"""The lines that are burned into pictures when annotations are asked for (PS3.18 8.3.5.1.1)."""

from collections.abc import Collection
from typing import Any

from pydicom import Dataset

# (keyword, what stands before the value, what behind)
_TECHNIQUE = (
    ("SeriesDescription", "", ""),
    ("KVP", "", " kV"),
    ("XRayTubeCurrent", "", " mA"),
    ("RepetitionTime", "TR ", " ms"),
    ("EchoTime", "TE ", " ms"),
    ("SliceThickness", "", " mm"),
    ("InstanceNumber", "Image ", ""),
)


def notes_of(dataset: Dataset, kinds: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(lines of the upper left corner, of the lower left one) for "patient" and "technique"."""
    return (
        _patient(dataset) if "patient" in kinds else (),
        _technique(dataset) if "technique" in kinds else (),
    )


def _patient(dataset: Dataset) -> tuple[str, ...]:
    name = _text(dataset.get("PatientName")).replace("^", " ").split("=")[0].strip()
    born, sex = _date(dataset, "PatientBirthDate"), _text(dataset.get("PatientSex"))
    study = " ".join(
        filter(None, (_date(dataset, "StudyDate"), _text(dataset.get("StudyDescription"))))
    )
    lines = (
        " ".join(name.split()),
        _text(dataset.get("PatientID")),
        " ".join(filter(None, (born, sex))),
        study,
        _text(dataset.get("InstitutionName")),
    )
    return tuple(line for line in lines if line)


def _technique(dataset: Dataset) -> tuple[str, ...]:
    made = [_text(dataset.get("Modality"))]
    made += [
        f"{before}{text}{behind}"
        for keyword, before, behind in _TECHNIQUE
        if (text := _text(dataset.get(keyword)))
    ]
    return tuple(line for line in made if line)


def _date(dataset: Dataset, keyword: str) -> str:
    text = _text(dataset.get(keyword))
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def _text(value: Any) -> str:
    """A value as it is read, in one line."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if (
        hasattr(value, "__iter__")
        and not isinstance(value, str)
        and not hasattr(value, "components")
    ):
        return ", ".join(_text(one) for one in value)
    return " ".join(
        "".join(letter if letter.isprintable() else " " for letter in str(value)).split()
    )
