"""Queries mean what `dicom.matching` says, and answer in pages."""

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.index.conftest import DATES, DESCRIPTIONS, NAMES, RECEIVED_US, TIMES, record
from tests.instances import CT_IMAGE, MR_IMAGE, ROOT, dataset, numbered, part10

from hounsfield.dicom.attributes import ATTRIBUTES, TAGS_OF, tag_of
from hounsfield.dicom.matching import matches
from hounsfield.dicom.negotiated import Options, combined, parse_key
from hounsfield.dicom.query import (
    AllValues,
    DateTimeRange,
    FuzzyName,
    Item,
    Key,
    Level,
    NameGroups,
    Order,
    Query,
    Range,
    SingleValue,
    UidList,
    Wildcard,
    parse_match,
)
from hounsfield.errors import InvalidQuery

MODALITIES_IN_STUDY = 0x00080061
NUMBERS = {
    "NumberOfPatientRelatedStudies": "00201200",
    "NumberOfPatientRelatedSeries": "00201202",
    "NumberOfPatientRelatedInstances": "00201204",
    "NumberOfStudyRelatedSeries": "00201206",
    "NumberOfStudyRelatedInstances": "00201208",
    "NumberOfSeriesRelatedInstances": "00201209",
}


def key(keyword, text):
    tag = tag_of(keyword)
    vr = ATTRIBUTES[tag].vr if tag in ATTRIBUTES else "CS"
    return Key(tag, vr, parse_match(tag, vr, text))


def values(found, keyword):
    return found.attributes.get(f"{tag_of(keyword):08X}", {}).get("Value", [])


def uids(index, level, *keys, **options):
    keyword = {
        Level.STUDY: "StudyInstanceUID",
        Level.SERIES: "SeriesInstanceUID",
        Level.IMAGE: "SOPInstanceUID",
    }[level]
    return [values(one, keyword)[0] for one in index.search(Query(level, keys, **options))]


def _patterns(texts):
    """Texts as they are, cut into wild cards in every way, and not quite."""
    text = st.sampled_from([text for text in texts if text])
    cut = st.builds(lambda t, a, b: (t, *sorted((a % (len(t) + 1), b % (len(t) + 1)))), text,
                    st.integers(0, 50), st.integers(0, 50))  # fmt: skip
    return st.one_of(
        text,
        text.map(str.upper),
        text.map(str.lower),
        cut.map(lambda c: c[0][: c[2]] + "*"),
        cut.map(lambda c: "*" + c[0][c[1] :]),
        cut.map(lambda c: "*" + c[0][c[1] : c[2]] + "*"),
        cut.map(lambda c: c[0][: c[1]] + "*" + c[0][c[2] :]),
        cut.map(lambda c: c[0][: c[1]] + "?" + c[0][c[1] + 1 :]),
        cut.map(lambda c: c[0][: c[1]] + "??" + c[0][c[2] :] + "*"),
        st.text("[]^=*?%_'\"\\ -aeDM山", max_size=6),
    )


def _parsed(keyword, texts):
    tag = tag_of(keyword)
    vr = ATTRIBUTES[tag].vr if tag in ATTRIBUTES else "UI"

    def parse(text):
        try:
            return Key(tag, vr, parse_match(tag, vr, text))
        except InvalidQuery:
            assume(False)

    return texts.map(parse)


def _dates(values):
    some = st.sampled_from([value for value in values if value])
    return st.one_of(
        some,
        some.map(lambda v: v + "-"),
        some.map(lambda v: "-" + v),
        st.tuples(some, some).map("-".join),
    )


def _uid_lists(keyword, choices):
    some = st.sampled_from(choices)
    return _parsed(keyword, st.lists(some, min_size=1, max_size=4).map("\\".join))


IDS = ["P1", "p1", "P[2]", "P*3", "P5", "P9", "Pé"]
STUDY_UIDS = [f"{ROOT}.{n}" for n in range(45)]
PATIENT_KEYS = [
    _parsed("PatientName", _patterns(NAMES)),
    _parsed("PatientID", _patterns(IDS)),
    _parsed("IssuerOfPatientID", _patterns(["EAST", "WEST"])),
    _parsed("PatientSex", st.sampled_from("FMOX")),
    _parsed("PatientBirthDate", _dates(["19500115", "19991231", "19700101"])),
    _parsed("PatientComments", _patterns(["allergic?", "ALLERGIC"])),
]
STUDY_KEYS = [
    _parsed("StudyDate", _dates([*DATES, "20240115"])),
    _parsed("StudyTime", _dates([*TIMES, "08", "1200"])),
    _parsed("AccessionNumber", _patterns(["A1", "a1", "A7", "A12"])),
    _parsed("StudyID", st.integers(0, 50).map(str)),
    _parsed("StudyDescription", _patterns(DESCRIPTIONS)),
    _parsed("ReferringPhysicianName", _patterns([n for n in NAMES if n and n.count("=") == 0])),
    _parsed("PatientWeight", st.sampled_from(["70.5", "80", "80.0", "1e400", "nan"])),
    _uid_lists("StudyInstanceUID", STUDY_UIDS),
    _uid_lists("SOPClassesInStudy", [CT_IMAGE, MR_IMAGE, "1.2"]),
    st.sampled_from(["CT", "MR", "CT\\MR", "ct", "C?", "*T", "M*", "*", "X", "C"]).map(
        lambda text: key("ModalitiesInStudy", text)
    ),
]
SERIES_KEYS = [
    _parsed("Modality", _patterns(["CT", "MR"])),
    _parsed("SeriesNumber", st.sampled_from(["0", "1", "2.0", "1.5", "-1", "1e30", "inf", "nan"])),
    _parsed("SeriesDescription", _patterns(DESCRIPTIONS)),
    _parsed("BodyPartExamined", _patterns(["HEAD", "CHEST"])),
    _parsed("OperatorsName", _patterns(["Doe^Jane", "Op^One", "Yamada^Tarou", "山田^太郎"])),
    _uid_lists("SeriesInstanceUID", [f"{uid}.{n}" for uid in STUDY_UIDS[:9] for n in range(3)]),
]
IMAGE_KEYS = [
    _parsed("InstanceNumber", st.sampled_from(["0", "1", "2"])),
    _parsed("ImageType", _patterns(["ORIGINAL", "PRIMARY", "DERIVED"])),
    _parsed("SliceLocation", st.sampled_from(["2.5", "0", "0.0", "7"])),
    _uid_lists("SOPClassUID", [CT_IMAGE, MR_IMAGE]),
    _uid_lists("SOPInstanceUID", [f"{uid}.0.{n}" for uid in STUDY_UIDS[:9] for n in range(2)]),
]
ALL_OPTIONS = Options(*[True] * 7)


def _negotiated(keyword, texts):
    """Keys as they are where everything was negotiated (PS3.4 C.5.1.1)."""
    tag = tag_of(keyword)
    vr = ATTRIBUTES[tag].vr if tag in ATTRIBUTES else "CS"

    def parse(text):
        try:
            return Key(tag, vr, parse_key(tag, vr, text, ALL_OPTIONS))
        except InvalidQuery:
            assume(False)

    return texts.map(parse)


def _moments(date_keyword, time_keyword, dates, times):
    """A range of dates with one of times, in a zone or in none, made one key."""
    date_tag, time_tag = tag_of(date_keyword), tag_of(time_keyword)

    def combine(pair):
        date, time, offset = pair
        made = combined(
            [
                Key(date_tag, "DA", parse_match(date_tag, "DA", date)),
                Key(time_tag, "TM", parse_match(time_tag, "TM", time)),
            ],
            offset,
        )
        return next(iter(made))

    offsets = st.sampled_from(["", "+0000", "+0900", "-0500", "+1400"])
    return st.tuples(_dates(dates), _dates(times), offsets).map(combine)


SOUNDS = _patterns(
    [n for n in NAMES if n] + ["Dough^Jon", "Mueller", "Miller", "Yamata", "O'Bryan P"]
)
EMPTY = st.just('""')
SCHEMES, CODES = (
    st.sampled_from(["99TEST", "DCM", "*T", "X"]),
    st.sampled_from(["CTH", "C*", "MRH"]),
)
CODE_ITEM = st.builds(
    lambda pairs: Item(tuple(Key(tag, "SH", parse_match(tag, "SH", text)) for tag, text in pairs.items())),
    st.fixed_dictionaries({0x00080100: CODES}, optional={0x00080102: SCHEMES}),
)  # fmt: skip
PATIENT_KEYS += [
    _negotiated("PatientName", st.one_of(SOUNDS, EMPTY)),
    _negotiated("IssuerOfPatientID", EMPTY),
    _negotiated("PatientComments", EMPTY),
    _negotiated("OtherPatientIDs", st.sampled_from(["A1\\B2", "B2\\A1", "A1\\C3", "A1", '""'])),
]
STUDY_KEYS += [
    _moments("StudyDate", "StudyTime", DATES, TIMES),
    *(_negotiated(k, EMPTY) for k in ("StudyDate", "StudyDescription", "ModalitiesInStudy")),
    _negotiated("ReferringPhysicianName", st.one_of(EMPTY, _patterns(["Roe^R=山田^太郎"]))),
    _negotiated("ModalitiesInStudy", st.sampled_from(["CT\\MR", "CT\\PT", "MR\\CT\\MR"])),
    CODE_ITEM.map(lambda item: Key(tag_of("ProcedureCodeSequence"), "SQ", item)),
]
SERIES_KEYS += [
    _negotiated("SeriesNumber", EMPTY),
    _negotiated("OperatorsName", st.sampled_from(["op^one\\doe^jane", "doe^jane\\X", '""'])),
    _moments("SeriesDate", "SeriesTime", ["20240101", "20240131"], ["0730", "12"]),
    CODE_ITEM.map(
        lambda item: Key(
            tag_of("RequestAttributesSequence"), "SQ", Item((Key(0x00400008, "SQ", item),))
        )
    ),
]
IMAGE_KEYS += [
    _negotiated("ImageType", st.sampled_from(["ORIGINAL\\PRIMARY", "PRIMARY\\AXIAL", '""'])),
    _negotiated("InstanceNumber", EMPTY),
    _parsed("AcquisitionDateTime", st.sampled_from(
        ["20240131", "202401310730-", "-20240131073015.5+0900", "20240130-0500-20240131-0500",
         "20240130223015.5+0000", "2024-2025", "202401311230+0000"],
    )),
]  # fmt: skip
KEYS = {
    Level.PATIENT: PATIENT_KEYS,
    Level.STUDY: PATIENT_KEYS + STUDY_KEYS,
    Level.SERIES: PATIENT_KEYS + STUDY_KEYS + SERIES_KEYS,
    Level.IMAGE: PATIENT_KEYS + STUDY_KEYS + SERIES_KEYS + IMAGE_KEYS,
}
WORDS = st.lists(
    st.sampled_from(
        ["doe", "DOE", "jane", "mull", "müller", "山田", "太", "p1", "a1", "50%", "_", '"', "[i]",
         "head", 'paddy"', "zzz", "^", "'y'", "𠮷"]
    ),
    min_size=1,
    max_size=3,
).map(" ".join)  # fmt: skip


@st.composite
def queries(draw):
    level = draw(st.sampled_from(list(Level)))
    keys = tuple(draw(st.lists(st.one_of(KEYS[level]), max_size=2)))
    text = draw(st.one_of(st.none(), WORDS)) if level is Level.STUDY else None
    limit = draw(st.sampled_from([None, 1000]))
    return Query(level, keys, text, limit=limit)


@pytest.fixture(scope="module")
def everything(hard_index):
    """All entities with their attributes, by level."""
    return {level: [one.attributes for one in hard_index.search(Query(level))] for level in Level}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(query=queries())
def test_a_search_finds_what_the_meaning_of_its_query_says(hard_index, everything, query):  # QR-02
    expected = [one for one in everything[query.level] if matches(query, one)]
    found = [one.attributes for one in hard_index.search(query)]
    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, expected))
    assert hard_index.count(query) == len(expected)


@settings(max_examples=300, deadline=None)
@given(text=st.text(min_size=1, max_size=40), data=st.data())
def test_no_text_in_a_query_breaks_the_database(hard_index, text, data):
    tag = data.draw(st.sampled_from(sorted(ATTRIBUTES)))
    vr = ATTRIBUTES[tag].vr
    match = data.draw(
        st.sampled_from(
            [SingleValue(text), Wildcard(text), Range(text, None), UidList((text, "1"))]
        )
    )
    if vr in {"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"}:
        match = SingleValue("17")
    level = data.draw(st.sampled_from(list(Level)))
    for query in (Query(level, (Key(tag, vr, match),)), Query(Level.STUDY, text=text, limit=5)):
        try:
            hard_index.search(query)
            hard_index.count(query)
        except InvalidQuery:
            assert "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)


@pytest.mark.parametrize(
    "query",
    [
        Query(Level.STUDY, text="x" * 5000),
        Query(Level.STUDY, text="a b " * 100),
        Query(Level.STUDY, text="nul\0"),
        Query(Level.STUDY, text="\ud800"),
        Query(Level.STUDY, (Key(0x00100020, "LO", Wildcard("*a" * 5000)),)),
        Query(Level.STUDY, (Key(0x0020000D, "UI", UidList(("1.2",) * 20_000)),)),
        Query(Level.STUDY, (Key(0x00080062, "UI", UidList(("1.2",) * 2000)),)),
        Query(Level.STUDY, (Key(0x00100020, "LO", SingleValue("x")),) * 2000),
        Query(Level.STUDY, (Key(0x00101000, "LO", AllValues(("x",) * 2000)),)),
        Query(
            Level.STUDY,
            (Key(0x00081032, "SQ", Item((Key(0x00080100, "SH", SingleValue("x")),) * 2000)),),
        ),
    ],
)
def test_a_query_without_measure_is_invalid(index, query):
    with pytest.raises(InvalidQuery):
        index.search(query)
    with pytest.raises(InvalidQuery):
        index.count(query)


def test_a_long_list_of_uids_is_answered(hard_index):
    match = UidList((*(f"9.{n}" for n in range(9000)), f"{ROOT}.3"))
    assert uids(hard_index, Level.STUDY, Key(0x0020000D, "UI", match)) == [f"{ROOT}.3"]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("doe*", {"Doe^Jane", "DOE^JOHN^^^", "Doe"}),
        ("DOE^J*", {"Doe^Jane", "DOE^JOHN^^^"}),
        ("muller^jorg*", {"Müller^Jörg^von", "MULLER^JORG"}),
        ("Müller^Jörg^von", {"Müller^Jörg^von"}),
        ("山田*", {"Yamada^Tarou=山田^太郎=やまだ^たろう", "=山田^花子"}),
        ("やまだ^たろう", {"Yamada^Tarou=山田^太郎=やまだ^たろう"}),
        ("*吉洞", {"Hong^Gildong=洪^吉洞=홍^길동"}),
        ("yamada*=山田*", {"Yamada^Tarou=山田^太郎=やまだ^たろう"}),
        ("*zołc", {"Łukasz^Żółć"}),
        ("𠮷*", {"𠮷野^一"}),
        ("*oe^ja*", {"Doe^Jane"}),
    ],
)
def test_names_are_found_in_any_group_without_case_and_accents(hard_index, asked, names):  # QR-03
    found = hard_index.search(Query(Level.STUDY, (key("PatientName", asked),)))
    groups = ("Alphabetic", "Ideographic", "Phonetic")
    told = {
        "=".join(value.get(group, "") for group in groups).rstrip("=")
        for one in found
        for value in values(one, "PatientName")
    }
    assert told == names


@pytest.mark.parametrize(
    ("keyword", "value", "character_set"),
    [
        ("PatientName", "Buc^Jérôme", "ISO_IR 100"),
        ("PatientName", "Διονυσιος", "ISO_IR 126"),
        ("PatientName", "Жуков^Юрий", "ISO_IR 144"),
        ("PatientName", "Wang^XiaoDong=王^小东", "GB18030"),
        ("PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", ["", "ISO 2022 IR 87"]),
        ("PatientName", "Hong^Gildong=洪^吉洞=홍^길동", ["", "ISO 2022 IR 149"]),
        ("StudyDescription", "Übersicht", "ISO_IR 100"),
    ],
)
def test_every_character_set_is_found_in_unicode(index, keyword, value, character_set):  # FILE-03
    index.write(record(part10(**{keyword: value, "SpecificCharacterSet": character_set})))
    for group in value.split("="):
        assert len(index.search(Query(Level.STUDY, (key(keyword, group),)))) == 1
        assert len(index.search(Query(Level.STUDY, text=group.replace("^", " ")))) == 1


def test_an_answer_has_the_attributes_that_pydicom_reads(index):
    index.write(record(part10()))
    expected = dataset()
    for level in Level:
        (found,) = index.search(Query(level))
        for of_level in list(Level)[: level.depth + 1]:
            for tag in TAGS_OF[of_level]:
                if tag in expected:
                    wanted = expected[tag].to_json_dict(None, 1024)
                    assert found.attributes[f"{tag:08X}"] == wanted, tag


def test_what_was_not_asked_for_is_left_out(index):
    index.write(record(part10()))
    include = frozenset({tag_of("PatientID"), MODALITIES_IN_STUDY})
    (found,) = index.search(Query(Level.STUDY, include=include))
    assert found.attributes == {
        "00080061": {"vr": "CS", "Value": ["CT"]},
        "00100020": {"vr": "LO", "Value": ["P1"]},
    }


def test_related_entities_are_counted_at_every_level(index):
    for series, number, modality in ((1, 1, "CT"), (1, 2, "CT"), (2, 1, "SR")):
        index.write(record(numbered(1, series, number, Modality=modality)))
    index.write(record(numbered(2, PatientID="P1")))

    def numbers(level, *keys):
        (found,) = index.search(Query(level, keys))
        return {
            name: found.attributes[tag]["Value"][0]
            for name, tag in NUMBERS.items()
            if tag in found.attributes
        }

    study, sop = key("StudyInstanceUID", f"{ROOT}.1"), key("SOPInstanceUID", f"{ROOT}.1.2.1")
    assert numbers(Level.PATIENT) == {
        "NumberOfPatientRelatedStudies": 2,
        "NumberOfPatientRelatedSeries": 3,
        "NumberOfPatientRelatedInstances": 4,
    }
    of_study = {"NumberOfStudyRelatedSeries": 2, "NumberOfStudyRelatedInstances": 3}
    assert numbers(Level.STUDY, study) == of_study
    of_series = {**of_study, "NumberOfSeriesRelatedInstances": 1}
    assert numbers(Level.SERIES, study, key("Modality", "SR")) == of_series
    assert numbers(Level.IMAGE, sop) == of_series
    (found,) = index.search(Query(Level.STUDY, (study,)))
    assert found.attributes["00080061"]["Value"] == ["CT", "SR"]
    assert found.attributes["00080062"]["Value"] == [CT_IMAGE]


def test_keys_of_lower_levels_find_what_has_them_below(index):
    index.write(record(numbered(1, Modality="CT")))
    index.write(record(numbered(2, Modality="MR")))
    assert uids(index, Level.STUDY, key("Modality", "MR")) == [f"{ROOT}.2"]
    assert uids(index, Level.STUDY, key("SOPInstanceUID", f"{ROOT}.1.1.1")) == [f"{ROOT}.1"]
    assert uids(index, Level.SERIES, key("InstanceNumber", "1")) == [f"{ROOT}.2.1", f"{ROOT}.1.1"]
    found = index.search(Query(Level.PATIENT, (key("StudyInstanceUID", f"{ROOT}.2"),)))
    assert [values(one, "PatientID") for one in found] == [["P2"]]


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize(
    "order",
    [
        (),
        (Order("last_received_at", descending=True),),
        (Order(0x00080020, descending=True),),
        (Order(0x00100010),),
        (Order(0x00201208, descending=True), Order(0x00100020)),
    ],
)
def test_pages_put_together_are_the_whole_list_in_its_order(hard_index, level, order):
    whole = hard_index.search(Query(level, order=order))
    pages = []
    for offset in range(0, len(whole) + 7, 7):
        pages += hard_index.search(Query(level, order=order, limit=7, offset=offset))
    assert [one.attributes for one in pages] == [one.attributes for one in whole]
    assert len(hard_index.search(Query(level, order=order, offset=5))) == len(whole) - 5


def test_studies_come_with_the_newest_first_and_sort_by_what_is_wanted(index):
    for study, date, name in ((1, "20240101", "B"), (2, "20240301", "C"), (3, "20240201", "A")):
        content = numbered(study, StudyDate=date, PatientName=name)
        index.write(record(content, RECEIVED_US - study))
    first, second, third = (f"{ROOT}.{n}" for n in (1, 2, 3))
    assert uids(index, Level.STUDY) == [second, third, first]
    assert uids(index, Level.STUDY, order=(Order(0x00100010),)) == [third, first, second]
    by_receipt = (Order("last_received_at", descending=True),)
    assert uids(index, Level.STUDY, order=by_receipt) == [first, second, third]


def test_all_are_counted_without_counting_and_some_no_further_than_wanted(hard_index):
    totals = hard_index.totals()
    for level, number in zip(
        Level, (totals.patients, totals.studies, totals.series, totals.instances), strict=True
    ):
        assert hard_index.count(Query(level)) == number == len(hard_index.search(Query(level)))
    assert hard_index.count(Query(Level.IMAGE, (key("PatientSex", "F"),)), at_most=5) == 5


def plan(index, query):
    """How SQLite would go about a search, one line a step."""
    from sqlalchemy import event

    from hounsfield.index.search import search

    with index.database.reading() as connection:
        seen = []
        listener = lambda _c, _cursor, sql, values, *_: seen.append((sql, values))  # noqa: E731
        event.listen(connection, "before_cursor_execute", listener)
        search(connection, query)
        event.remove(connection, "before_cursor_execute", listener)
        sql, given = seen[-1]
        return [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, given)]


@pytest.mark.parametrize(
    "query",
    [
        Query(Level.STUDY, limit=25),
        Query(Level.STUDY, order=(Order("last_received_at", descending=True),), limit=25),
        Query(Level.STUDY, order=(Order(0x00100010),), limit=25),
        Query(Level.STUDY, order=(Order(0x00100020, descending=True),), limit=25),
        Query(Level.STUDY, order=(Order(0x00080050),), limit=25),
        Query(Level.STUDY, order=(Order(0x00081030),), limit=25),
        Query(Level.STUDY, order=(Order(0x00201208, descending=True),), limit=25),
        Query(Level.PATIENT, limit=25),
        Query(Level.SERIES, limit=25),
        Query(Level.IMAGE, limit=25),
    ],
)
def test_a_first_page_reads_an_index_and_sorts_nothing(index, query):
    assert not [step for step in plan(index, query) if "TEMP B-TREE" in step]


SCANLESS = [
    ("StudyInstanceUID", "1.2.3"),
    ("StudyInstanceUID", "1.2.3\\1.2.4"),
    ("PatientID", "P1"),
    ("PatientID", "P1*"),
    ("AccessionNumber", "A1"),
    ("StudyDate", "20240101"),
    ("PatientName", "Doe^Jane"),
    ("PatientName", "Doe*"),
    ("PatientName", "*oe^J*"),
    ("SeriesInstanceUID", "1.2.3"),
    ("SOPInstanceUID", "1.2.3"),
]


@pytest.mark.parametrize(
    ("level", "keyword", "text"),
    [
        (level, keyword, text)
        for level in Level
        for keyword, text in SCANLESS
        if ATTRIBUTES[key(keyword, text).tag].level.depth <= level.depth
    ],
)
def test_a_search_by_a_few_keys_scans_no_table(index, level, keyword, text):
    wanted = key(keyword, text)
    steps = plan(index, Query(level, (wanted,), limit=101))
    assert not [step for step in steps if step.startswith("SCAN") and "study_words" not in step]


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize(
    "wanted",
    [
        Key(0x00100010, "PN", FuzzyName("Dough^Jayne")),
        Key(0x00100010, "PN", FuzzyName("Mei* J")),
        Key(0x00100010, "PN", NameGroups(("", "山田*"))),
        Key(0x00080020, "DA", DateTimeRange(0x00080030, "20240131110000", "202402010900")),
        Key(0x00080020, "DA", DateTimeRange(0x00080030, "20240131110000", "202402010900", 540)),
    ],
)
def test_what_is_negotiated_scans_no_table(index, level, wanted):
    steps = plan(index, Query(level, (wanted,), limit=101))
    assert not [step for step in steps if step.startswith("SCAN") and "study_words" not in step]


def test_a_word_that_all_have_is_found_without_collecting_all(index):
    for study in range(1, 30):
        index.write(record(numbered(study)))
    few = plan(index, Query(Level.STUDY, text="head", limit=25))
    assert any("study_words" in step for step in few)
    with index.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO study_words (rowid, search_text) "
            "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2100) "
            "SELECT i, 'doe jane p1 a1 head' FROM n"
        )
    many = plan(index, Query(Level.STUDY, text="head", limit=25))
    assert not any("study_words" in step for step in many)
    assert not any("TEMP B-TREE" in step for step in many)
