"""Data sets written from the DICOM JSON model, read by pydicom and by our own reader."""

import io

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.filereader import dcmread, read_dataset
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from hounsfield.dicom.charset import can_be_written, decode, encode
from hounsfield.dicom.encoding import AnswerEncoder, encode_dataset
from hounsfield.dicom.json_model import write_dataset
from hounsfield.dicom.part10 import file_meta, read_header

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
SYNTAXES = (IMPLICIT, EXPLICIT, DEFLATED, BIG)

MODEL = {
    "00080020": {"vr": "DA", "Value": ["20260131"]},
    "00080054": {"vr": "AE", "Value": ["HOUNSFIELD"]},
    "00080061": {"vr": "CS", "Value": ["CT", "SEG"]},
    "00081030": {"vr": "LO", "Value": ["Thörax"]},
    "00081032": {
        "vr": "SQ",
        "Value": [{"00080100": {"vr": "SH", "Value": ["RPID1"]}}, {}],
    },
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}]},
    "00100020": {"vr": "LO"},
    "00101030": {"vr": "DS", "Value": [70.5]},
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "00201208": {"vr": "IS", "Value": [212]},
    "00280010": {"vr": "US", "Value": [512]},
    "00280009": {"vr": "AT", "Value": ["00181063"]},
    "00420011": {"vr": "OB", "InlineBinary": "AQID"},
}


def by_pydicom(raw: bytes, syntax: str) -> Dataset:
    if syntax in {IMPLICIT, EXPLICIT, BIG}:
        return read_dataset(
            io.BytesIO(raw), is_implicit_VR=syntax == IMPLICIT, is_little_endian=syntax != BIG
        )
    meta = file_meta(sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid=syntax)
    return dcmread(io.BytesIO(meta + raw), force=True)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_pydicom_reads_what_was_meant(syntax):
    found = by_pydicom(encode_dataset(MODEL, syntax), syntax)
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert found.StudyDescription == "Thörax"
    assert str(found.PatientName) == "Yamada^Tarou=山田^太郎"
    assert found.PatientID in {"", None}
    assert list(found.ModalitiesInStudy) == ["CT", "SEG"]
    assert [item.get("CodeValue") for item in found.ProcedureCodeSequence] == ["RPID1", None]
    assert (found.PatientWeight, found.NumberOfStudyRelatedInstances, found.Rows) == (
        70.5,
        212,
        512,
    )
    assert found.FrameIncrementPointer == 0x00181063
    assert found.EncapsulatedDocument[:3] == b"\1\2\3"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_our_reader_gives_the_model_back(syntax):
    raw = encode_dataset(MODEL, syntax)
    assert len(raw) % 2 == 0
    header = read_header(raw, tags=frozenset(), transfer_syntax_uid=syntax)
    found = orjson.loads(write_dataset(raw, header))
    del found["00080005"]
    assert found.pop("00420011")["InlineBinary"] == "AQIDAA=="  # padded to an even length
    assert found == {tag: value for tag, value in MODEL.items() if tag != "00420011"}


def charset_of(name: str, wanted: str) -> tuple[str, bytes]:
    model = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]}}
    found = by_pydicom(encode_dataset(model, EXPLICIT, wanted), EXPLICIT)
    term = found.get("SpecificCharacterSet", "")
    return term if isinstance(term, str) else "\\".join(term), str(found.PatientName)


# QR-05
@pytest.mark.parametrize(
    ("name", "wanted", "term"),
    [
        ("Doe^Jane", "ISO_IR 100", ""),
        ("Müller^Jörg", "ISO_IR 100", "ISO_IR 100"),
        ("Müller^Jörg", "", "ISO_IR 192"),
        ("Müller^Jörg", "ISO_IR 144", "ISO_IR 192"),
        ("Люксембург", "ISO_IR 144", "ISO_IR 144"),
        ("山田^太郎", "ISO_IR 100", "ISO_IR 192"),
        ("山田^太郎", "\\ISO 2022 IR 87", "\\ISO 2022 IR 87"),
        ("Hong^Gildong=洪^吉洞", "\\ISO 2022 IR 149", "\\ISO 2022 IR 149"),
        ("똠^방각하", "\\ISO 2022 IR 149", "ISO_IR 192"),
        ("Люкс^Čapek", "ISO_IR 100\\ISO 2022 IR 144", "ISO_IR 192"),
        ("Люкс^é", "ISO 2022 IR 100\\ISO 2022 IR 144", "ISO 2022 IR 100\\ISO 2022 IR 144"),
        ("山田^太郎", "ISO_IR 192\\ISO 2022 IR 87", "ISO_IR 192"),
        ("山田^太郎", "nobody\\ISO 2022 IR 87", "ISO_IR 192"),
        ("王^小东", "GB18030", "GB18030"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", "ISO_IR 13", "ISO_IR 13"),
        # What these terms say cannot be, or not without escape sequences.
        ("山田^太郎", "ISO_IR 13", "ISO_IR 192"),
        ("¥^‾", "ISO_IR 13", "ISO_IR 192"),
        ("王^小东", "ISO 2022 IR 58", "ISO_IR 192"),
        ("김^희중", "ISO 2022 IR 149", "ISO_IR 192"),
        ("山田^é", "ISO 2022 IR 159", "ISO_IR 192"),
        ("Müller^Jörg", "ISO_IR 6", "ISO_IR 192"),
        ("Müller^Jörg", "what nobody knows", "ISO_IR 192"),
    ],
)
def test_the_readers_own_character_set_is_kept_to_where_it_is_enough(name, wanted, term):
    assert charset_of(name, wanted) == (term, name)


# MWL-04, QR-05: the examples of PS3.5 H.3.1, H.3.2, I.2 and K.2, byte for byte
@pytest.mark.parametrize(
    ("name", "charset", "raw"),
    [
        (
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        ),
        (
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        ),
        (
            "Hong^Gildong=洪^吉洞=홍^길동",
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        ),
        (
            "Zhang^XiaoDong=张^小东=",
            "\\ISO 2022 IR 58",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        ),
    ],
)
def test_code_extensions_are_written_as_the_standard_shows(name, charset, raw):
    assert encode(name, "PN", charset) == raw
    assert decode(raw, "PN", charset) == name


_EXTENDED = (
    "\\ISO 2022 IR 87", "\\ISO 2022 IR 87\\ISO 2022 IR 159", "ISO 2022 IR 13\\ISO 2022 IR 87",
    "\\ISO 2022 IR 149", "\\ISO 2022 IR 58", "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 101",
    "ISO 2022 IR 126\\ISO 2022 IR 100", "\\ISO 2022 IR 166\\ISO 2022 IR 149",
)  # fmt: skip


@settings(deadline=None)
@given(
    text=st.text(st.sampled_from("aZ9 ^=éČđЖяαתسก山田太郎やまだﾔﾏ洪吉홍길张小东丂"), max_size=12),
    charset=st.sampled_from(_EXTENDED),
    vr=st.sampled_from(["PN", "LO", "LT"]),
)
def test_what_is_written_with_code_extensions_is_read_as_it_was(text, charset, vr):
    text = text.rstrip(" =^")
    assume(can_be_written(text, charset))
    raw = encode(text, vr, charset)
    assert decode(raw, vr, charset) == text
    if charset.endswith(" 58"):
        return  # pydicom leaves its escape sequences in
    encodings = convert_encodings(charset.split("\\"))
    assert decode_bytes(raw, encodings, PN_DELIMS if vr == "PN" else TEXT_VR_DELIMS) == text


@settings(deadline=None)
@given(
    texts=st.lists(
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\^="), max_size=20
        ),
        min_size=1,
        max_size=3,
    ),
    syntax=st.sampled_from([IMPLICIT, EXPLICIT, BIG]),
)
def test_any_text_survives(texts, syntax):
    model = {"00104000": {"vr": "LT", "Value": ["/".join(texts)]}}
    raw = encode_dataset(model, syntax)
    header = read_header(raw, tags=frozenset(), transfer_syntax_uid=syntax)
    found = orjson.loads(write_dataset(raw, header))["00104000"].get("Value", [""])[0]
    assert found == "/".join(texts).rstrip(" ")


# QR-08
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_list_of_uids_longer_than_its_length_can_say_stays_whole(syntax):
    uids = [f"1.2.826.0.1.3680043.8.498.{10**30 + number}" for number in range(2000)]
    raw = encode_dataset({"00080058": {"vr": "UI", "Value": uids}}, syntax)
    read = by_pydicom(raw, syntax).FailedSOPInstanceUIDList
    text = read.decode() if isinstance(read, bytes) else "\\".join(read)
    assert text.rstrip("\0").split("\\") == uids


TEXTS = st.sampled_from(["", "CT", "Head", "Müller", "山田", "Жуков", "a\\b", "x " * 40])
NAME = st.builds(
    lambda groups: {group: text for group, text in groups.items() if text},
    st.fixed_dictionaries({"Alphabetic": TEXTS}, optional={"Ideographic": TEXTS}),
)
VALUES = {
    "00080020": ("DA", st.just("20260131")),
    "00080061": ("CS", st.sampled_from(["CT", "MR"])),
    "00081030": ("LO", TEXTS),
    "00081032": ("SQ", st.fixed_dictionaries({"00080104": st.just({"vr": "LO", "Value": ["Kopf ü"]})})),
    "00100010": ("PN", NAME),
    "00101030": ("DS", st.sampled_from([80, 80.0, 70.5, "7e1"])),
    "00201208": ("IS", st.sampled_from([0, 1, 212, "x"])),
    "00280010": ("US", st.sampled_from([0, 512])),
}  # fmt: skip
ANSWERS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            tag: st.lists(values | st.none(), max_size=2).map(
                lambda v, vr=vr: {"vr": vr, **({"Value": v} if v else {})}
            )
            for tag, (vr, values) in VALUES.items()
            if vr not in {"SQ", "US"}
        }
        | {
            "00081032": VALUES["00081032"][1].map(lambda item: {"vr": "SQ", "Value": [item]}),
            "00280010": VALUES["00280010"][1].map(lambda n: {"vr": "US", "Value": [n]}),
        },
    ),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(
    answers=ANSWERS,
    syntax=st.sampled_from(SYNTAXES),
    charset=st.sampled_from(
        [
            "",
            "ISO_IR 100",
            "ISO_IR 144",
            "ISO_IR 192",
            "\\ISO 2022 IR 87",
            "ISO 2022 IR 13\\ISO 2022 IR 87",
        ]
    ),
)
def test_many_answers_are_written_as_each_would_be_alone(answers, syntax, charset):  # QR-05
    vrs = {tag: vr for tag, (vr, _) in VALUES.items()}
    fixed = {"00080054": {"vr": "AE", "Value": ["HOUNSFIELD"]}}
    encoder = AnswerEncoder(vrs, fixed, syntax, charset)
    for answer in answers * 2:
        whole = {tag: answer.get(tag, {"vr": vr}) for tag, vr in vrs.items()}
        assert encoder.encode(answer) == encode_dataset(whole | fixed, syntax, charset)
