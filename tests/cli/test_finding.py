from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

NAMES = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "liver_1frame.dcm")


@pytest.fixture
def filled(run):
    run("import", *(Path(get_testdata_file(name)) for name in NAMES))
    return run


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"1CT1", "4MR1", "id00001", "99000"}),
        (("compressedsamples",), {"1CT1", "4MR1"}),
        (("compressed", "--modality", "MR"), {"4MR1"}),
        (("--patient-id", "1CT1"), {"1CT1"}),
        (("--name", "compressedsamples^ct*"), {"1CT1"}),
        (("--date", "20040826"), {"4MR1"}),
        (("--date", "2004-08-26"), {"4MR1"}),
        (("--date", "20040101-20041231"), {"1CT1", "4MR1"}),
        (("--date", "20040801-"), {"4MR1"}),
        (("--study", "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"), {"1CT1"}),
        (("--name", "nobody"), set()),
    ],
)
def test_filters_find_the_studies_they_name(filled, options, expected):
    assert {study["PatientID"] for study in filled("find", *options, "--json").json} == expected


def test_the_newest_study_comes_first_and_a_limit_says_that_there_are_more(filled):
    dates = [study["StudyDate"] for study in filled("find", "--json").json]
    assert dates == sorted(dates, reverse=True)
    result = filled("find", "--limit", 1)
    assert len(result.out.splitlines()) == 3
    assert "--limit" in result.out
    assert len(filled("find", "--limit", 0, "--json").json) == 4


def test_the_table_shows_one_study_a_line_with_its_whole_uid(filled):
    out = filled("find", "--patient-id", "1CT1").out
    assert "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322" in out
    assert "CompressedSamples^CT1" in out


def test_a_date_that_is_none_is_refused(filled):
    assert "date" in filled("find", "--date", "yesterday", code=1).err


def test_where_there_is_no_archive_none_is_made(run, tmp_path):
    assert "no archive" in run("find", "--data", tmp_path / "nowhere", code=2).err
    assert not (tmp_path / "nowhere").exists()
