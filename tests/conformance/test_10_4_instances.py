"""PS3.18 10.4 Retrieve: Instance Resources (10.4.1.1.1)."""

import io

from pydicom import dcmread
from tests.conformance.target import AS_STORED, DICOM, media_type_of, parameters, parts_of

SECTION = "10.4 Retrieve: instances"


def datasets(target, path, accept=AS_STORED):
    answer = target.expect(target.get(path, accept), 200)
    return [dcmread(io.BytesIO(part.body)) for part in parts_of(answer)]


def test_a_study_a_series_and_an_instance_are_all_of_their_instances(target, ct):
    # WADO-01
    for path, wanted in (
        (ct[0].study_path, ct),
        (ct[0].series_path, ct[:3]),
        (ct[0].path, ct[:1]),
    ):
        found = datasets(target, path)
        assert sorted(one.SOPInstanceUID for one in found) == sorted(i.sop for i in wanted)


def test_an_instance_has_every_element_it_came_with(target, ct, jpeg, report, pdf):
    # WADO-01, STO-01
    for instance in (ct[0], jpeg, report, pdf):
        (found,) = datasets(target, instance.path)
        assert found == instance.dataset


def test_parts_are_dicom_files_with_their_file_meta_information(target, ct):
    # 8.7.3, PS3.10 7.1
    for part in parts_of(target.expect(target.get(ct[0].series_path, DICOM), 200)):
        assert part.media_type == "application/dicom"
        assert part.body[128:132] == b"DICM"


def test_one_instance_may_come_as_a_single_part(target, ct):
    # 8.7.3.1: "application/dicom" alone
    answer = target.expect(target.get(ct[0].path, "application/dicom"), 200, is_optional=True)
    assert media_type_of(answer) == "application/dicom"
    assert dcmread(io.BytesIO(answer.content)).SOPInstanceUID == ct[0].sop
    assert "boundary" not in parameters(answer.headers["content-type"])


def test_compressed_instances_stay_compressed_when_they_are_asked_for_as_stored(target, jpeg, rle):
    # WEB-02
    for instance in (jpeg, rle):
        (found,) = datasets(target, instance.path)
        assert found.file_meta.TransferSyntaxUID == instance.dataset.file_meta.TransferSyntaxUID
        assert found.PixelData == instance.dataset.PixelData


def test_a_study_comes_as_zip(target, ct):
    # WADO-07
    answer = target.expect(target.get(ct[0].study_path, "application/zip"), 200, is_optional=True)
    assert media_type_of(answer) == "application/zip"
    assert answer.content.startswith(b"PK")
