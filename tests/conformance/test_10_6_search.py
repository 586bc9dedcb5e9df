"""PS3.18 10.6 Search Transaction (QIDO-RS) and 8.3.4 Search parameters."""

import re

import pytest
from tests.conformance import data
from tests.conformance.conftest import stored
from tests.conformance.target import JSON, XML, parts_of, value, values

SECTION = "10.6 Search (QIDO-RS)"


@pytest.fixture(scope="module")
def day(target):
    """Studies of one invented patient on three days, with times around midnight."""
    patient = "DAY-" + data.fresh()[-10:]
    made = [
        data.image(PatientID=patient, StudyDate=date, StudyTime=time, PatientName=name, **more)
        for date, time, name, more in (
            ("20190304", "235900", "Müller^Jürgen", {"AccessionNumber": "A-1"}),
            ("20190305", "000100", "SCHMIDT^JANE", {"AccessionNumber": "B-2"}),
            ("20190306", "120000.5", "Meier^Max", {"AccessionNumber": ""}),
        )
    ]
    stored(target, *made)
    return patient, [one.study for one in made]


def studies(target, patient, **keys):
    found = target.found("/studies", {"PatientID": patient, **keys})
    return [value(item, "0020000D") for item in found]


def test_all_resources_of_the_table_answer(target, ct):
    # QIDO-01, table 10.6.1-1
    study, series = ct[0].study, ct[0].series
    for path, tag, wanted in (
        (f"/studies?StudyInstanceUID={study}", "0020000D", {study}),
        (f"/studies/{study}/series", "0020000E", {series, ct[3].series}),
        (f"/studies/{study}/series/{series}/instances", "00080018", {i.sop for i in ct[:3]}),
        (f"/studies/{study}/instances", "00080018", {i.sop for i in ct}),
        (f"/series?StudyInstanceUID={study}", "0020000E", {series, ct[3].series}),
        (f"/instances?StudyInstanceUID={study}", "00080018", {i.sop for i in ct}),
    ):
        found = target.found(path)
        assert {value(item, tag) for item in found} == wanted, path


def test_no_match_is_204(target):
    # QIDO-02, 8.3.4.4.1
    answer = target.get(f"/studies?StudyInstanceUID={data.fresh()}", JSON)
    assert answer.status_code == 204
    assert not answer.content


def test_a_page_is_stable_and_tells_how_much_remains(target, ct):
    # QIDO-03
    path = f"/studies/{ct[0].study}/instances"
    seen = []
    for offset in range(0, 5, 2):
        answer = target.get(path, JSON, params={"limit": 2, "offset": offset})
        target.expect(answer, 200, 204)
        page = answer.json() if answer.content else []
        assert len(page) == min(2, 4 - offset) or not page
        seen += [value(item, "00080018") for item in page]
        if offset == 0 and answer.headers.get("warning"):
            assert re.match(r"299 \S", answer.headers["warning"])
    assert sorted(seen) == sorted(i.sop for i in ct)


def test_what_remains_is_told_in_a_warning(target, ct):
    # QIDO-03: "There are {remaining} additional results that can be requested"
    answer = target.get(f"/studies/{ct[0].study}/instances", JSON, params={"limit": 1})
    warning = target.expect(answer, 200).headers.get("warning", "")
    assert warning.startswith("299 ")
    assert "3 additional results" in warning


def test_a_limit_of_nothing_and_an_offset_behind_the_end(target, ct):
    # QIDO-03: min(max(0, matches - offset), limit)
    path = f"/studies/{ct[0].study}/instances"
    for parameters in ({"limit": 0}, {"offset": 10}):
        answer = target.expect(target.get(path, JSON, params=parameters), 200, 204)
        assert not answer.content or answer.json() == []


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"StudyDate": "20190304"}, [0]),
        ({"StudyDate": "20190304-20190305"}, [0, 1]),
        ({"StudyDate": "20190305-"}, [1, 2]),
        ({"StudyDate": "-20190304"}, [0]),
        ({"StudyTime": "1200-1300"}, [2]),
        ({"StudyDate": "20190304-20190305", "StudyTime": "235800-000200"}, [0, 1]),
        ({"AccessionNumber": "A*"}, [0]),
        ({"AccessionNumber": "?-?"}, [0, 1]),
        ({"PatientName": "M*"}, [0, 2]),
        ({"PatientName": "meier^max"}, [2]),
        ({"PatientName": "Müller*"}, [0]),
        ({"StudyDate": "18500101"}, []),
    ],
    ids=lambda v: (
        "&".join(f"{k}={x}" for k, x in v.items()) if isinstance(v, dict) else f"{len(v)}"
    ),
)
def test_studies_are_matched(target, day, keys, wanted):
    # QIDO-06, QIDO-08, PS3.4 C.2.2.2
    patient, uids = day
    assert sorted(studies(target, patient, **keys)) == sorted(uids[n] for n in wanted)


@pytest.mark.parametrize("separator", [",", "\\"])
def test_a_list_of_uids_matches_each_of_them(target, day, separator):
    # QIDO-06, PS3.4 C.2.2.2.2
    patient, uids = day
    found = studies(target, patient, StudyInstanceUID=separator.join(uids[:2]))
    assert sorted(found) == sorted(uids[:2])


def test_keys_of_lower_levels_and_computed_ones_match(target, ct):
    # QIDO-07: ModalitiesInStudy
    for modality, wanted in (("CT", 1), ("MR", 1), ("US", 0)):
        query = {"StudyInstanceUID": ct[0].study, "ModalitiesInStudy": modality}
        assert len(target.found("/studies", query)) == wanted


def test_a_key_in_a_sequence_matches(target):
    # QIDO-01: 00400275.00400009
    from pydicom import Dataset

    item = Dataset()
    item.ScheduledProcedureStepID = "SPS-" + data.fresh()[-8:]
    item.RequestedProcedureID = "RP-" + data.fresh()[-8:]
    one = data.image(RequestAttributesSequence=[item])
    stored(target, one)
    for name in (
        "00400275.00400009",
        "RequestAttributesSequence.ScheduledProcedureStepID",
    ):
        found = target.found(f"/studies/{one.study}/series", {name: item.ScheduledProcedureStepID})
        assert [value(i, "0020000E") for i in found] == [one.series], name
        assert target.found(f"/studies/{one.study}/series", {name: "NO-SUCH"}) == [], name


def test_answers_have_the_required_attributes(target, ct):
    # QIDO-07, tables 10.6.3-3 to 10.6.3-5
    (study,) = target.found(f"/studies?StudyInstanceUID={ct[0].study}")
    for tag in ("00080020", "00080030", "00080050", "00080061", "00080090", "00081190", "00100010",
                "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208"):  # fmt: skip
        assert tag in study, tag
    assert sorted(values(study, "00080061")) == ["CT", "MR"]
    assert int(value(study, "00201206")) == 2
    assert int(value(study, "00201208")) == 4
    assert value(study, "00080056") in (None, "ONLINE")
    one = next(
        item
        for item in target.found(f"/studies/{ct[0].study}/series")
        if value(item, "0020000E") == ct[0].series
    )
    for tag in ("00080060", "00081190", "0020000E", "00200011", "00201209"):
        assert tag in one, tag
    assert int(value(one, "00201209")) == 3
    for item in target.found(f"{ct[0].series_path}/instances"):
        for tag in ("00080016", "00080018", "00081190", "00200013", "00280010", "00280011",
                    "00280100"):  # fmt: skip
            assert tag in item, tag


def test_the_description_is_given_where_it_is_asked_for(target, ct):
    # QIDO-05: what OHIF asks for in its list
    path = f"/studies?StudyInstanceUID={ct[0].study}"
    for fields in (
        "includefield=StudyDescription",
        "includefield=00081030%2C00080060",
        "includefield=00081030,00080060",
        "includefield=00080060&includefield=00081030",
        "includefield=all",
    ):
        (study,) = target.found(f"{path}&{fields}")
        assert value(study, "00081030") == "Conformance", fields


def test_only_attributes_of_the_level_are_given(target, ct):
    # QIDO-05
    (study,) = target.found(f"/studies?StudyInstanceUID={ct[0].study}&includefield=all")
    assert "00080018" not in study
    assert "7FE00010" not in study


def test_a_private_attribute_brings_its_creator(target):
    # QIDO-05
    made = data.image()
    dataset = made.dataset
    dataset.private_block(0x0029, "CONFORMANCE", create=True).add_new(0x10, "LO", "words")
    one = data.Instance(data.written(dataset), made.study, made.series, made.sop)
    stored(target, one)
    (item,) = target.found(f"{one.series_path}/instances?includefield=00291010")
    if "00291010" not in item:
        target.not_offered("private attributes")
    assert value(item, "00291010") == "words"
    assert value(item, "00290010") == "CONFORMANCE"


def test_fuzzy_matching_is_done_or_a_warning_says_that_it_is_not(target, day):
    # QIDO-04: 8.3.4.2
    patient, uids = day
    query = {"PatientID": patient, "PatientName": "Mueler^Jurgen", "fuzzymatching": "true"}
    answer = target.expect(target.get("/studies", JSON, params=query), 200, 204)
    found = [value(i, "0020000D") for i in answer.json()] if answer.content else []
    if uids[0] not in found:
        warning = answer.headers.get("warning", "")
        assert warning.startswith("299 "), "neither fuzzy nor warned of"
        assert "fuzzymatching" in warning


def test_empty_values_are_matched_or_a_warning_says_that_they_are_not(target, day):
    # QIDO-04
    patient, uids = day
    query = {"PatientID": patient, "AccessionNumber": '""', "emptyvaluematching": "true"}
    answer = target.expect(target.get("/studies", JSON, params=query), 200, 204)
    found = [value(i, "0020000D") for i in answer.json()] if answer.content else []
    assert found == [uids[2]] or "emptyvaluematching" in answer.headers.get("warning", "")


def test_several_values_are_matched_or_a_warning_says_that_they_are_not(target, day):
    # QIDO-04, PS3.4 C.2.2.2.8
    patient, uids = day
    query = {"PatientID": patient, "AccessionNumber": "A-1\\B-2", "multiplevaluematching": "true"}
    answer = target.expect(target.get("/studies", JSON, params=query), 200, 204)
    found = [value(i, "0020000D") for i in answer.json()] if answer.content else []
    assert sorted(found) == sorted(uids[:2]) or "multiplevaluematching" in answer.headers.get(
        "warning", ""
    )


def test_an_option_is_true_or_false(target):
    # WEB-12
    assert target.get("/studies?fuzzymatching=perhaps", JSON).status_code == 400


def test_names_in_other_alphabets_are_found_and_told(target, names):
    # QIDO-06, FILE-03
    for name in ("Yamada^Tarou", "山田*", "やまだ^たろう"):
        query = {"PatientName": name, "StudyInstanceUID": names.study}
        found = target.found("/studies", query)
        assert [value(item, "0020000D") for item in found] == [names.study], name
    assert value(found[0], "00100010")["Ideographic"] == "山田^太郎"


def test_xml_has_one_part_for_each_match(target, ct):
    # WEB-06
    answer = target.expect(target.get(f"/studies/{ct[0].study}/instances", XML), 200)
    parts = parts_of(answer)
    assert len(parts) == 4
    assert all(b"DicomAttribute" in part.body for part in parts)


def test_retrieve_urls_lead_to_what_was_found(target, ct):
    # QIDO-07
    for path in ("/studies?StudyInstanceUID=" + ct[0].study, f"/studies/{ct[0].study}/series"):
        for item in target.found(path):
            address = value(item, "00081190")
            target.expect(target.get(address + "/metadata", JSON), 200)
