"""The Native DICOM Model in XML, written from the DICOM JSON model and read into it (PS3.19 A.1, PS3.18 8.7.3.1).

Data sets in between are those of `json_model`: objects by tag, each with ``vr`` and one of ``Value``, ``InlineBinary``
and ``BulkDataURI``. What is read comes from strangers: documents with a DTD, and so with entities, are refused.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import keyword_for_tag

from hounsfield.dicom.sequences import VR_NAMES, is_private_creator, vr_of
from hounsfield.errors import InvalidInstance

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
DataSet = dict[str, Any]

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
)
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
# XML 1.0 section 2.2: no document can hold these, not even as references.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_INTEGERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV"})
_FLOATS = frozenset({"FL", "FD"})
_NAMES = frozenset(VR_NAMES.values())
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_MAX_DEPTH = 64
_MAX_GAPS = 1 << 16


def write(dataset: Mapping[str, Any]) -> bytes:
    """One data set of the DICOM JSON model as an XML document."""
    parts = [_HEAD]
    _write_dataset(dataset, parts)
    parts.append("</NativeDicomModel>")
    return "".join(parts).encode("utf-8")


def from_json(document: bytes | str) -> bytes:
    """The same from serialised DICOM JSON, with the digits that stand there."""
    return write(json.loads(document, parse_float=str, parse_int=str))


def _write_dataset(dataset: Mapping[str, Any], parts: list[str]) -> None:
    for tag, attribute in dataset.items():
        vr = attribute["vr"]
        parts.append(f'<DicomAttribute tag="{tag}" vr="{vr}"{_names_of(tag, dataset)}>')
        if "InlineBinary" in attribute:
            parts.append(f"<InlineBinary>{attribute['InlineBinary']}</InlineBinary>")
        elif "BulkDataURI" in attribute:
            parts.append(f"<BulkData uri={_quoted(attribute['BulkDataURI'])}/>")
        else:
            _write_values(vr, attribute.get("Value", ()), parts)
        parts.append("</DicomAttribute>")


def _write_values(vr: str, values: Any, parts: list[str]) -> None:
    for number, value in enumerate(values, 1):
        if vr == "SQ":
            parts.append(f'<Item number="{number}">')
            _write_dataset(value or {}, parts)
            parts.append("</Item>")
        elif vr == "PN":
            parts.append(f'<PersonName number="{number}">')
            _write_name(value or {}, parts)
            parts.append("</PersonName>")
        else:
            text = "" if value is None else _text(value)
            parts.append(f'<Value number="{number}">{text}</Value>')


def _write_name(value: Any, parts: list[str]) -> None:
    groups = {"Alphabetic": value} if isinstance(value, str) else value
    for group in _GROUPS:
        if text := groups.get(group):
            # The last component takes what a name has beyond the five of PS3.5 6.2.1.
            components = text.split("^", len(_COMPONENTS) - 1)
            made = "".join(
                f"<{name}>{_text(component)}</{name}>"
                for name, component in zip(_COMPONENTS, components, strict=False)
                if component
            )
            parts.append(f"<{group}>{made}</{group}>")


def _names_of(tag: str, dataset: Mapping[str, Any]) -> str:
    """The XML attributes that say what a tag means: its keyword, or who made it up."""
    number = int(tag, 16)
    if not number >> 16 & 1:
        keyword = _keyword(number)
        return f' keyword="{keyword}"' if keyword else ""
    if is_private_creator(number):
        return ""
    # The creator that reserves the element's block (PS3.5 7.8.1).
    creator = dataset.get(f"{number >> 16:04X}{number >> 8 & 0xFF:04X}")
    values = creator.get("Value") if creator else None
    return f" privateCreator={_quoted(values[0])}" if values and values[0] else ""


@lru_cache(maxsize=8192)
def _keyword(number: int) -> str:
    return keyword_for_tag(number)


def _text(value: Any) -> str:
    text = str(value)
    if text.isalnum():
        return text
    # A carriage return that stands as itself is read as a line feed (XML 1.0 section 2.11).
    return escape(_IMPOSSIBLE.sub("\ufffd", text), {"\r": "&#13;"})


def _quoted(value: Any) -> str:
    return quoteattr(_IMPOSSIBLE.sub("\ufffd", str(value)))


def read(document: bytes) -> DataSet:
    """The data set of an XML document, in the DICOM JSON model; raises InvalidInstance.

    The digits of DS and IS stay as they stand.
    """
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.begin
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse_dtd
    try:
        parser.Parse(document, True)
    except expat.ExpatError as problem:
        raise InvalidInstance(f"the metadata is no XML: {problem}") from None
    except (ValueError, LookupError) as problem:  # an encoding that Python does not know
        raise InvalidInstance(f"the metadata cannot be read: {problem}") from None
    if builder.root is None:
        raise InvalidInstance("the XML is no NativeDicomModel")
    return builder.root


def _refuse_dtd(*_: object) -> None:
    raise InvalidInstance("XML with a DTD is not taken")


class _Builder:
    """Puts together what the parser tells, with a stack instead of recursion."""

    def __init__(self) -> None:
        self.root: DataSet | None = None
        self._elements: list[str] = []
        self._datasets: list[DataSet] = []
        self._attributes: list[_Attribute] = []
        self._text: list[str] = []
        self._gaps = [_MAX_GAPS]

    def begin(self, name: str, given: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        parent = self._elements[-1] if self._elements else ""
        if len(self._elements) > _MAX_DEPTH * 2:
            raise InvalidInstance("sequences are nested too deep")
        if name not in _CHILDREN.get(parent, ()):
            inside = f" inside {parent}" if parent else ""
            raise InvalidInstance(f"the XML has {name[:64]}{inside}, where none can be")
        self._elements.append(name)
        self._text.clear()
        if name == "NativeDicomModel":
            self.root = {}
            self._datasets.append(self.root)
        elif name == "DicomAttribute":
            self._attributes.append(_Attribute(given, self._datasets[-1], self._gaps))
        elif name == "Item":
            item: DataSet = {}
            self._attributes[-1].put(_number(given), item)
            self._datasets.append(item)
        elif name in {"Value", "PersonName"}:
            self._attributes[-1].number = _number(given)
            if name == "PersonName":
                self._attributes[-1].put(_number(given), {})
        elif name == "BulkData":
            uri = given.get("uri") or given.get("uuid") or ""
            self._attributes[-1].made["BulkDataURI"] = uri

    def text(self, piece: str) -> None:
        self._text.append(piece)

    def end(self, name: str) -> None:
        name = self._elements.pop()
        text = "".join(self._text)
        self._text.clear()
        if name in {"NativeDicomModel", "Item"}:
            made = self._datasets.pop()
            ordered = sorted(made.items())
            made.clear()
            made.update(ordered)
        elif name == "DicomAttribute":
            self._attributes.pop().finish(self._datasets[-1])
        elif name == "Value":
            self._attributes[-1].value(text)
        elif name == "InlineBinary":
            self._attributes[-1].made["InlineBinary"] = "".join(text.split())
        elif name in _COMPONENTS:
            self._attributes[-1].component(self._elements[-1], name, text)


_CHILDREN = {
    "": {"NativeDicomModel"},
    "NativeDicomModel": {"DicomAttribute"},
    "Item": {"DicomAttribute"},
    "DicomAttribute": {"Value", "Item", "PersonName", "InlineBinary", "BulkData"},
    "PersonName": set(_GROUPS),
    **{group: set(_COMPONENTS) for group in _GROUPS},
}


class _Attribute:
    """One attribute while its element is being read; ``gaps`` holds how many values may still be left out."""

    def __init__(self, given: dict[str, str], dataset: DataSet, gaps: list[int]) -> None:
        self._gaps = gaps
        tag = given.get("tag", "")
        if not _TAG.fullmatch(tag):
            raise InvalidInstance(f"{tag[:40]!r} is no tag of a data set")
        self.tag = _placed(int(tag, 16), given.get("privateCreator", ""), dataset)
        self.vr = given.get("vr") or vr_of(self.tag)
        if self.vr not in _NAMES:
            raise InvalidInstance(f"{tag}: {self.vr[:16]!r} is no VR")
        self.made: dict[str, Any] = {"vr": self.vr}
        self.number = 1
        self._values: list[Any] = []
        self._components: dict[str, dict[str, str]] = {}

    def put(self, number: int, value: Any) -> None:
        values = self._values
        missing = number - len(values)
        self._gaps[0] -= max(missing - 1, 0)
        if number < 1 or self._gaps[0] < 0:
            raise InvalidInstance(f"{self.tag:08X}: values are counted from 1, without large gaps")
        values.extend([None] * missing)
        values[number - 1] = value
        self._components = {}

    def value(self, text: str) -> None:
        if self.vr == "SQ":
            raise InvalidInstance(f"{self.tag:08X}: a sequence has items")
        if self.vr == "PN":
            self.put(self.number, _groups_of(text) or None)
        else:
            self.put(self.number, _typed(self.tag, self.vr, text))

    def component(self, group: str, name: str, text: str) -> None:
        parts = self._components.setdefault(group, {})
        parts[name] = text
        person: dict[str, str] = self._values[self.number - 1]
        person[group] = "^".join(parts.get(one, "") for one in _COMPONENTS).rstrip("^")

    def finish(self, dataset: DataSet) -> None:
        values = self._values
        if self.vr == "SQ":
            values = [{} if value is None else value for value in values]
        elif self.vr == "PN":
            values = [value or None for value in values]
        if any(value is not None for value in values) or len(values) > 1:
            self.made["Value"] = values
        if len(self.made) > 2:
            raise InvalidInstance(f"{self.tag:08X} has its value in two forms")
        dataset[f"{self.tag:08X}"] = self.made


def _placed(tag: int, creator: str, dataset: DataSet) -> int:
    """The tag of a private attribute in the block that its creator has here, or gets (PS3.19 A.1.6, PS3.5 7.8.1)."""
    if not creator or not tag >> 16 & 1 or is_private_creator(tag):
        return tag
    group, block = tag >> 16, tag >> 8 & 0xFF
    wanted = {"vr": "LO", "Value": [creator]}
    blocks = (
        [block]
        if block >= 0x10 and dataset.get(f"{group:04X}{block:04X}") in (None, wanted)
        else []
    )
    taken = {
        one: dataset[f"{group:04X}{one:04X}"]
        for one in range(0x10, 0x100)
        if f"{group:04X}{one:04X}" in dataset
    }
    blocks += [one for one, held in taken.items() if held == wanted]
    blocks += [one for one in range(0x10, 0x100) if one not in taken]
    if not blocks:
        raise InvalidInstance(f"group {group:04X} has no block left for {creator[:64]!r}")
    dataset.setdefault(f"{group:04X}{blocks[0]:04X}", wanted)
    return group << 16 | blocks[0] << 8 | tag & 0xFF


def _number(given: dict[str, str]) -> int:
    text = given.get("number", "1").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise InvalidInstance(f"{text[:40]!r} is no number of a value")
    return int(text)


def _groups_of(text: str) -> dict[str, str]:
    groups = zip(_GROUPS, text.split("="), strict=False)
    return {group: part for group, part in groups if part}


def _typed(tag: int, vr: str, text: str) -> Any:
    try:
        if vr in _INTEGERS:
            return int(text.strip()) if text.strip() else None
        if vr in _FLOATS:
            number = float(text.strip()) if text.strip() else None
            # As in JSON, what is no number is told as text (PS3.18 F.2.3).
            return number if number is None or number - number == 0 else str(text.strip())
    except ValueError:
        raise InvalidInstance(f"{tag:08X}: {text[:40]!r} is no value of VR {vr}") from None
    if vr in {"DS", "IS"}:
        return text.strip() or None
    return text or None
