import pytest
from tests.dicom.samples import make_file

from hounsfield.dicom.attributes import InstanceAttributes, normalise_name
from hounsfield.dicom.identity import identify
from hounsfield.dicom.part10 import read_header
from hounsfield.errors import InvalidInstance


def identity(**changes):
    return identify(read_header(make_file(**changes)))


def test_case_accents_and_empty_components_make_no_new_patient():
    one = identity(PatientName="Müller^Jörg", SpecificCharacterSet="ISO_IR 100")
    other = identity(PatientName="MULLER^JORG^^", SpecificCharacterSet="ISO_IR 100")
    assert one.patient_key == other.patient_key


@pytest.mark.parametrize(
    "changes",
    [{"PatientName": "Roe^Jane"}, {"PatientBirthDate": "19700522"}, {"IssuerOfPatientID": "OTHER"}],
)
def test_one_id_with_another_name_birth_date_or_issuer_is_another_patient(changes):
    assert identity().patient_key != identity(**changes).patient_key


def test_people_without_an_id_are_never_merged_across_studies():
    one = identity(PatientID="", PatientName="", PatientBirthDate="")
    other = identity(PatientID="", PatientName="", PatientBirthDate="", StudyInstanceUID="1.2.9")
    assert one.patient_key != other.patient_key


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("SOPInstanceUID", "SOP Instance UID"),
        ("StudyInstanceUID", "Study"),
        ("SeriesInstanceUID", "Series"),
    ],
)
def test_a_missing_uid_is_named(keyword, name):
    with pytest.raises(InvalidInstance, match=name):
        identity(**{keyword: None})


@pytest.mark.parametrize(
    "uid", ["../../etc/passwd", "1.2/3", ".hidden", "1..2", "x" * 65, "1.2\n3"]
)
def test_a_uid_that_is_no_safe_name_is_refused(uid):
    data = make_file(StudyInstanceUID="1.2.3.99")
    header = read_header(data)
    header.elements[0x0020000D] = type(header.elements[0x0020000D])(0x0020000D, "UI", uid.encode())
    with pytest.raises(InvalidInstance):
        identify(header)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrKoreanMulti.dcm", None),
        ("chrX1.dcm", "Wang^XiaoDong=王^小東="),
        ("chrX2.dcm", "Wang^XiaoDong=王^小东="),
        ("chrGreek.dcm", "Διονυσιος"),
        ("chrRuss.dcm", "Люкceмбypг"),  # noqa: RUF001 - as it is in the file
    ],
)
def test_names_are_decoded_by_their_character_set(corpus_files, file, name):
    # FILE-03
    path = next((f for f in corpus_files if f.path.name == file), None)
    if path is None:
        pytest.skip(f"{file} is not in the corpus")
    found = InstanceAttributes(read_header(path.read())).text(0x00100010)
    assert "\ufffd" not in found
    if name:
        assert found == name


def test_names_fold_the_way_people_search():
    assert normalise_name("Ångström^Émile^^Dr ") == "angstrom^emile^^dr"
