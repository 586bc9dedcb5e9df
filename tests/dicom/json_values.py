"""Data sets of the DICOM JSON model for hypothesis: every VR, sequences, private attributes."""

import base64
import struct

from hypothesis import strategies as st

CHARACTERS = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"),
    exclude_characters="\\^=\ufffe\uffff",
)
TEXT = st.text(CHARACTERS, min_size=1, max_size=12)
ASCII = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=16)
DIGITS = st.from_regex(
    r"[+-]?(0|[1-9][0-9]{0,4})(\.[0-9]{1,5})?(E[+-]?[0-9]{1,2})?", fullmatch=True
)
NAME = st.dictionaries(
    st.sampled_from(["Alphabetic", "Ideographic", "Phonetic"]),
    st.lists(TEXT, min_size=1, max_size=5).map("^".join),
    min_size=1,
)
LONG = st.text(st.one_of(CHARACTERS, st.sampled_from(" \r\n\t\\^=<&>\"'")), max_size=40).map(
    lambda text: text.strip(" ")
)


def number(code: str):
    size = struct.calcsize(code)
    if code in "fd":
        return st.floats(width=8 * size, allow_nan=False, allow_infinity=False)
    low = -(1 << 8 * size - 1) if code.islower() else 0
    return st.integers(low, (1 << 8 * size) - 1 + low)


SINGLE = {
    **dict.fromkeys(["SH", "LO", "UC"], TEXT),
    **dict.fromkeys(["AE", "AS", "CS", "DA", "DT", "TM", "UI"], ASCII),
    "DS": DIGITS,
    "IS": st.from_regex(r"[+-]?[0-9]{1,9}", fullmatch=True),
    "PN": NAME,
    "AT": st.integers(0, 0xFFFFFFFF).map(lambda n: f"{n:08X}"),
}
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
WORDS = {"OB": 2, "UN": 2, "OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def _values(vr: str, one):
    several = st.lists(one, min_size=1, max_size=3)
    if vr not in NUMBERS and vr != "AT":
        several = st.lists(st.one_of(one, st.none()), min_size=2, max_size=3) | several
    return several.map(lambda values: {"vr": vr, "Value": values})


def _attribute():
    forms = [_values(vr, one) for vr, one in SINGLE.items()]
    forms += [_values(vr, number(code)) for vr, code in NUMBERS.items()]
    forms += [
        LONG.map(lambda text, vr=vr: {"vr": vr, "Value": [text]} if text else {"vr": vr})
        for vr in ("LT", "ST", "UT")
    ]
    forms.append(ASCII.map(lambda text: {"vr": "UR", "Value": ["http://x/" + text]}))
    forms += [
        st.binary(min_size=1, max_size=4).map(
            lambda raw, vr=vr, size=size: {
                "vr": vr,
                "InlineBinary": base64.b64encode(raw * size).decode(),
            }
        )
        for vr, size in WORDS.items()
    ]
    forms.append(st.sampled_from([*SINGLE, *NUMBERS, *WORDS, "SQ"]).map(lambda vr: {"vr": vr}))
    return st.one_of(forms)


# No attribute that means something to whoever reads it, nor a known one that would be read by its own VR.
TAGS = st.one_of(
    st.integers(0x00711001, 0x007110FF), st.sampled_from([0x0008FF01, 0x0040FFF0, 0x4FFC0001])
).map(lambda tag: f"{tag:08X}")
CREATOR = {"00710010": {"vr": "LO", "Value": ["ACME 1.1"]}}


def _ordered(dataset):
    if any(tag.startswith("0071") for tag in dataset):
        dataset = CREATOR | dataset
    return dict(sorted(dataset.items()))


def _datasets(attribute):
    return st.dictionaries(TAGS, attribute, max_size=5).map(_ordered)


DATASETS = _datasets(
    st.recursive(
        _attribute(),
        lambda inner: st.lists(_datasets(inner), min_size=1, max_size=3).map(
            lambda items: {"vr": "SQ", "Value": items}
        ),
        max_leaves=8,
    )
)
