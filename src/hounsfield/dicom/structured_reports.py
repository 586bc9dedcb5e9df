"""Writes the content of structured reports for people to read, as HTML or plain text (PS3.3 C.17.3).

Works on the DICOM JSON of an instance. Every text is escaped: a report is what somebody else wrote.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

Attributes = Mapping[str, Any]

_CONCEPT_NAME, _VALUE_TYPE, _CONTENT = "0040A043", "0040A040", "0040A730"
_MAX_ITEMS = 20_000
_MAX_DEPTH = 40
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem}dt{color:#555}dd{margin:0}"
    "section section{margin-left:1.2rem}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-bottom:.2rem}"
    "p{margin:.2rem 0;white-space:pre-wrap}.name{color:#555}"
)


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One item of the tree: its name, its value as text, and what is below it."""

    name: str
    value: str
    items: "tuple[ContentItem, ...]"
    is_container: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be read: a title, facts about patient and report, and the content."""

    title: str
    facts: tuple[tuple[str, str], ...]
    items: tuple[ContentItem, ...]


def is_report(attributes: Attributes) -> bool:
    """Whether there is content to be read in an instance."""
    return _CONTENT in attributes or _VALUE_TYPE in attributes


def read_report(attributes: Attributes) -> Report:
    """The report in the DICOM JSON of an instance; what makes no sense in it is left out."""
    left = [_MAX_ITEMS]
    root = _item(attributes, 0, left)
    return Report(root.name or "Report", tuple(_facts(attributes)), root.items)


def to_text(report: Report) -> str:
    """As plain text, indented by depth."""
    lines = [report.title, ""]
    lines += [f"{name}: {value}" for name, value in report.facts]
    lines.append("")
    for item in report.items:
        _text(item, 0, lines)
    return "\n".join(lines) + "\n"


def to_html(report: Report) -> str:
    """As one HTML page without scripts or references."""
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.facts
    )
    body = "".join(_html(item, 2) for item in report.items)
    title = escape(report.title)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><dl>{facts}</dl>{body}</body></html>"
    )


def _text(item: ContentItem, depth: int, lines: list[str]) -> None:
    margin = "  " * depth
    shown = item.value.replace("\n", "\n" + margin + "  ")
    if item.is_container:
        lines.append(f"{margin}{item.name}")
    else:
        lines.append(f"{margin}{item.name}: {shown}" if item.name else f"{margin}{shown}")
    for below in item.items:
        _text(below, depth + 1, lines)


def _html(item: ContentItem, level: int) -> str:
    below = "".join(_html(one, level + 1) for one in item.items)
    if item.is_container:
        heading = f"h{min(level, 6)}"
        return f"<section><{heading}>{escape(item.name)}</{heading}>{below}</section>"
    name = f'<span class="name">{escape(item.name)}:</span> ' if item.name else ""
    shown = f"<p>{name}{escape(item.value)}</p>"
    return f"{shown}<section>{below}</section>" if below else shown


def _facts(attributes: Attributes) -> Iterator[tuple[str, str]]:
    texts: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Patient", lambda: _name(_first(attributes, "00100010"))),
        ("Patient ID", lambda: _string(attributes, "00100020")),
        ("Born", lambda: _date(_string(attributes, "00100030"))),
        ("Sex", lambda: _string(attributes, "00100040")),
        ("Study", lambda: _string(attributes, "00081030")),
        ("Study date", lambda: _date(_string(attributes, "00080020"))),
        ("Accession number", lambda: _string(attributes, "00080050")),
        ("Written", lambda: _written(attributes)),
        ("Completion", lambda: _string(attributes, "0040A491").capitalize()),
        ("Verification", lambda: _string(attributes, "0040A493").capitalize()),
    )
    yield from ((name, text) for name, make in texts if (text := make()))
    for observer in _sequence(attributes, "0040A073"):
        by = [_name(_first(observer, "0040A075")), _string(observer, "0040A027")]
        by.append(_moment(_string(observer, "0040A030")))
        yield "Verified by", ", ".join(filter(None, by))


def _written(attributes: Attributes) -> str:
    date, time = _string(attributes, "00080023"), _string(attributes, "00080033")
    return f"{_date(date)} {_time(time)}".strip()


def _item(attributes: Attributes, depth: int, left: list[int]) -> ContentItem:
    kind = _string(attributes, _VALUE_TYPE)
    below = []
    if depth < _MAX_DEPTH:
        for child in _sequence(attributes, _CONTENT):
            left[0] -= 1
            if left[0] < 0:
                break
            below.append(_item(child, depth + 1, left))
    read = _VALUES.get(kind)
    value = read(attributes) if read else ""
    name = _meaning(attributes, _CONCEPT_NAME)
    return ContentItem(name, value, tuple(below), kind == "CONTAINER")


def _meaning(attributes: Attributes, tag: str) -> str:
    """The code's meaning, or the code if it has none."""
    for code in _sequence(attributes, tag):
        return _string(code, "00080104") or _string(code, "00080100")
    return ""


def _number(attributes: Attributes) -> str:
    for measured in _sequence(attributes, "0040A300"):
        unit = next(iter(_sequence(measured, "004008EA")), {})
        shown = _string(unit, "00080100") or _string(unit, "00080104")
        return f"{_string(measured, '0040A30A')} {'' if shown == '1' else shown}".strip()
    return _meaning(attributes, "0040A301") or "not measured"


def _reference(attributes: Attributes) -> str:
    shown = []
    for one in _sequence(attributes, "00081199"):
        frames = ", ".join(str(n) for n in one.get("00081160", {}).get("Value", ()))
        uid = _string(one, "00081155")
        shown.append(f"{uid} (frame {frames})" if frames else uid)
    return ", ".join(shown)


def _coordinates(attributes: Attributes) -> str:
    points = attributes.get("00700022", {}).get("Value", ())
    return f"{_string(attributes, '00700023').lower()} of {len(points)} coordinates"


_VALUES: dict[str, Callable[[Attributes], str]] = {
    "TEXT": lambda item: _string(item, "0040A160"),
    "CODE": lambda item: _meaning(item, "0040A168"),
    "NUM": _number,
    "PNAME": lambda item: _name(_first(item, "0040A123")),
    "DATE": lambda item: _date(_string(item, "0040A121")),
    "TIME": lambda item: _time(_string(item, "0040A122")),
    "DATETIME": lambda item: _moment(_string(item, "0040A120")),
    "UIDREF": lambda item: _string(item, "0040A124"),
    "IMAGE": _reference,
    "COMPOSITE": _reference,
    "WAVEFORM": _reference,
    "SCOORD": _coordinates,
    "SCOORD3D": _coordinates,
}


def _sequence(attributes: Attributes, tag: str) -> list[Attributes]:
    value = attributes.get(tag, {}).get("Value", ())
    return [item for item in value if isinstance(item, dict)]


def _first(attributes: Attributes, tag: str) -> Any:
    value = attributes.get(tag, {}).get("Value", ())
    return value[0] if value else None


def _string(attributes: Attributes, tag: str) -> str:
    value = _first(attributes, tag)
    return "" if value is None or isinstance(value, dict) else str(value).strip()


def _name(value: Any) -> str:
    """A person's name as it is read: family name last is not known to be right everywhere, so the order stays."""
    if not isinstance(value, dict):
        return ""
    groups = [str(value.get(key) or "") for key in ("Alphabetic", "Ideographic", "Phonetic")]
    shown = [" ".join(filter(None, group.split("^"))) for group in groups]
    return " / ".join(filter(None, shown))


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def _time(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if len(text) >= 4 and text[:4].isdigit() else text


def _moment(text: str) -> str:
    return f"{_date(text[:8])} {_time(text[8:])}".strip() if len(text) > 8 else _date(text)
