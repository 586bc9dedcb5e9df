"""dicomweb-client, the client of research pipelines, against a live server."""

import io

import pytest
from dicomweb_client import DICOMwebClient
from pydicom.filereader import dcmread
from pydicom.uid import UID
from requests import HTTPError
from tests.corpus import rounds

MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture(scope="module")
def files(corpus_files):
    """The first slices of a real MR series, and one encapsulated multi-frame instance."""
    accepted = [f for f in rounds(corpus_files)[0] if f.expect == "accept"]
    mr = [f for f in accepted if "SAG-anon" in str(f.path)][:10]
    assert mr
    return mr


@pytest.fixture(scope="module")
def client(server, files):
    client = DICOMwebClient(url=server.dicomweb)
    datasets = [dcmread(f.path) for f in files]
    client.store_instances(datasets=datasets[:5])
    client.store_instances(datasets=datasets[5:], study_instance_uid=files[0].study_instance_uid)
    return client


@pytest.fixture
def study(files):
    return files[0].study_instance_uid


@pytest.fixture
def series(files):
    return files[0].series_instance_uid


def uids(found, tag):
    return {item[tag]["Value"][0] for item in found}


def test_all_studies_are_searched(client, study):
    # QIDO-01: /studies
    found = client.search_for_studies(search_filters={"StudyInstanceUID": study})
    assert uids(found, "0020000D") == {study}
    assert found[0]["00080061"]["Value"] == ["MR"]  # QIDO-07
    assert found[0]["00201208"]["Value"] == [10]


def test_series_are_searched_in_all_studies_and_in_one(client, study, series):
    # QIDO-01: /series, /studies/{}/series
    everywhere = client.search_for_series(search_filters={"SeriesInstanceUID": series})
    assert uids(everywhere, "0020000E") == {series}
    assert uids(client.search_for_series(study), "0020000E") == {series}


def test_instances_are_searched_everywhere_in_a_study_and_in_a_series(client, files, study, series):
    # QIDO-01: /instances, /studies/{}/instances, /studies/{}/series/{}/instances
    expected = {f.sop_instance_uid for f in files}
    one = client.search_for_instances(search_filters={"SOPInstanceUID": files[3].sop_instance_uid})
    assert uids(one, "00080018") == {files[3].sop_instance_uid}
    assert uids(client.search_for_instances(study), "00080018") == expected
    assert uids(client.search_for_instances(study, series), "00080018") == expected


def test_instances_of_a_series_are_searched_without_its_study(client, server, files, series):
    # QIDO-01: the seventh path, /series/{}/instances
    response = client._http_get(
        f"{server.dicomweb}/series/{series}/instances", {"Accept": "application/dicom+json"}
    )
    assert uids(response.json(), "00080018") == {f.sop_instance_uid for f in files}


def test_pages_are_stable_and_complete(client, study, files):
    # QIDO-03
    seen = []
    for offset in range(0, 12, 4):
        page = client.search_for_instances(study, limit=4, offset=offset)
        seen += [item["00080018"]["Value"][0] for item in page]
    assert len(seen) == len(files)
    assert set(seen) == {f.sop_instance_uid for f in files}


def test_a_search_without_matches_finds_nothing(client):
    # QIDO-02
    assert client.search_for_studies(search_filters={"PatientID": "NOBODY^HAS^THIS"}) == []


def test_wildcards_and_date_ranges_match(client, study, files):
    # QIDO-06
    dataset = dcmread(files[0].path, stop_before_pixels=True)
    name = str(dataset.PatientName)
    found = client.search_for_studies(search_filters={"PatientName": f"{name[:3]}*"})
    assert study in uids(found, "0020000D")
    day = dataset.StudyDate
    found = client.search_for_studies(search_filters={"StudyDate": f"{day}-{day}"})
    assert study in uids(found, "0020000D")
    assert not client.search_for_studies(
        search_filters={"StudyDate": "18000101-18001231", "StudyInstanceUID": study}
    )


def test_a_study_a_series_and_an_instance_are_retrieved(client, files, study, series):
    # WADO-01
    expected = {f.sop_instance_uid for f in files}
    any_syntax = [("application/dicom", "*")]
    whole = client.retrieve_study(study, media_types=tuple(any_syntax))
    assert {d.SOPInstanceUID for d in whole} == expected
    part = client.retrieve_series(study, series, media_types=tuple(any_syntax))
    assert {d.SOPInstanceUID for d in part} == expected
    one = client.retrieve_instance(
        study, series, files[2].sop_instance_uid, media_types=tuple(any_syntax)
    )
    assert one == dcmread(files[2].path)


def test_metadata_says_what_the_data_sets_say(client, files, study, series):
    # WADO-01, WEB-07
    from pydicom import Dataset

    found = client.retrieve_series_metadata(study, series)
    assert uids(found, "00080018") == {f.sop_instance_uid for f in files}
    by_uid = {item["00080018"]["Value"][0]: item for item in found}
    original = dcmread(files[0].path)
    told = Dataset.from_json(
        by_uid[files[0].sop_instance_uid], bulk_data_uri_handler=lambda *_: b""
    )
    for keyword in ("PatientID", "PatientName", "Rows", "PixelSpacing", "ImagePositionPatient"):
        assert told[keyword].value == original[keyword].value, keyword


def test_frames_are_the_stored_pixels(client, files, study, series):
    # WADO-03
    original = dcmread(files[0].path)
    frames = client.retrieve_instance_frames(
        study, series, files[0].sop_instance_uid, [1], media_types=("application/octet-stream",)
    )
    assert frames == [original.PixelData]


def test_bulk_data_is_retrieved_at_the_address_the_metadata_gives(client, files, study, series):
    # WADO-02
    metadata = client.retrieve_instance_metadata(study, series, files[0].sop_instance_uid)
    address = metadata["7FE00010"]["BulkDataURI"]
    found = client.retrieve_bulkdata(address, media_types=("application/octet-stream",))
    assert found == [dcmread(files[0].path).PixelData]


def test_searches_take_all_their_options(client, study):
    # QIDO-03, QIDO-04, QIDO-05
    (found,) = client.search_for_studies(
        search_filters={"StudyInstanceUID": study}, fields=["StudyDescription", "PatientSex"],
        fuzzymatching=False, limit=3, offset=0,
    )  # fmt: skip
    assert found["00081030"]["Value"]
    assert "00100040" in found
    pages = client.search_for_instances(study, limit=3, get_remaining=True)
    assert len(pages) == 10
    fuzzy = client.search_for_studies(
        search_filters={"StudyInstanceUID": study, "PatientName": "*"}, fuzzymatching=True
    )
    assert uids(fuzzy, "0020000D") == {study}
    deep = client.search_for_instances(study, fields=["00400275.00400009", "ImageType"], limit=1)
    assert deep[0]["00080008"]["Value"]


def test_pictures_are_retrieved_at_each_level(client, files, study, series):
    # WADO-04
    sop = files[0].sop_instance_uid
    for media_type, begins in (("image/jpeg", b"\xff\xd8"), ("image/png", b"\x89PNG")):
        one = client.retrieve_instance_rendered(study, series, sop, media_types=(media_type,))
        assert one.startswith(begins)
        frame = client.retrieve_instance_frames_rendered(
            study, series, sop, [1], media_types=(media_type,)
        )
        assert frame.startswith(begins)


def test_what_is_retrieved_can_be_had_one_after_the_other(client, files, study, series):
    # WADO-01, WADO-02: the iterators, which read from the stream
    media_types = (("application/dicom", "*"),)
    assert len(list(client.iter_study(study, media_types=media_types))) == 10
    assert len(list(client.iter_series(study, series, media_types=media_types))) == 10
    assert len(client.retrieve_study_metadata(study)) == 10
    metadata = client.retrieve_instance_metadata(study, series, files[0].sop_instance_uid)
    address = metadata["7FE00010"]["BulkDataURI"]
    pixels = dcmread(files[0].path).PixelData
    octets = ("application/octet-stream",)
    assert list(client.iter_bulkdata(address, media_types=octets)) == [pixels]
    frames = client.iter_instance_frames(
        study, series, files[0].sop_instance_uid, [1], media_types=octets
    )
    assert list(frames) == [pixels]


def test_deleting_needs_that_it_is_allowed(client, start, files):
    # DELETE is no transaction of the standard: off by default, and then into a trash
    one = dcmread(files[0].path)
    uids_of = one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID
    with pytest.raises(HTTPError) as refused:
        client.delete_instance(*uids_of)
    assert refused.value.response.status_code == 403
    open_one = DICOMwebClient(
        url=start(environment={"HOUNSFIELD_DICOMWEB_DELETE": "allow"}).dicomweb
    )
    open_one.store_instances(datasets=[one, dcmread(files[1].path)])
    open_one.delete_instance(*uids_of)
    assert len(open_one.search_for_instances(uids_of[0])) == 1
    open_one.delete_series(*uids_of[:2])
    assert open_one.search_for_studies() == []
    open_one.store_instances(datasets=[one])
    open_one.delete_study(uids_of[0])
    assert open_one.search_for_studies() == []


def test_every_part_of_a_stow_of_many_instances_is_answered(client, corpus_files):
    # STOW-02
    accepted = [f for f in rounds(corpus_files)[0] if f.expect == "accept"]
    one_study = [f for f in accepted if f.study_instance_uid == accepted[0].study_instance_uid]
    datasets = [dcmread(io.BytesIO(f.read())) for f in one_study]
    answer = client.store_instances(datasets=datasets)
    assert not answer.get("FailedSOPSequence")
    stored = {UID(item.ReferencedSOPInstanceUID) for item in answer.ReferencedSOPSequence}
    assert stored == {f.sop_instance_uid for f in one_study}
