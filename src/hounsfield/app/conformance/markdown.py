"""Markdown for the statement: headings, tables and names of the standard's registry."""

from collections.abc import Iterable, Sequence

from pydicom.datadict import dictionary_description, keyword_for_tag

from hounsfield.dicom import sop_classes, transfer_syntax


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; cells are put into one line each."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def sop_class(uid: str) -> tuple[str, str]:
    """The name and the UID of a SOP class."""
    return sop_classes.name_of(uid).removesuffix(" SOP Class"), f"`{uid}`"


def syntax_name(uid: str) -> str:
    """The name of a transfer syntax."""
    return transfer_syntax.of(uid).name


def attribute(tag: int) -> tuple[str, str]:
    """The name and the tag of an attribute."""
    name = dictionary_description(tag) if keyword_for_tag(tag) else "private"
    return name, f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def status(code: int) -> str:
    """A status code as the standard prints it."""
    return f"{code:04X}"
