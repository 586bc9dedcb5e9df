"""dicomweb-client of npm, through which most web viewers speak DICOMweb, where it is at home: in a browser."""

import base64

import pytest
from tests.conformance import data
from tests.interop import front, npm
from tests.live import live_server

PAGE = b"""<!doctype html><title>client</title><script src="/dicomweb-client.js"></script><script>
window.client = new DICOMwebClient.api.DICOMwebClient({url: location.origin + "/dicom-web"});
const plain = async value => {
    value = await value;
    if (value instanceof ArrayBuffer)
        return {bytes: btoa(Array.from(new Uint8Array(value), b => String.fromCharCode(b)).join(""))};
    return Array.isArray(value) ? Promise.all(value.map(plain)) : value;
};
window.call = (name, options) => plain(client[name](options));
window.store = parts => {
    const datasets = parts.map(part => Uint8Array.from(atob(part), c => c.charCodeAt(0)).buffer);
    return client.storeInstances({datasets}).then(text => JSON.parse(text));
};
</script>"""
BASELINE = "1.2.840.10008.1.2.4.50"


@pytest.fixture(scope="module")
def page(tmp_path_factory, chromium):
    sha256 = "cda90aae5843f974beaeaf9c191f238209e18b28a932b10af575df6d7320d891"
    built = npm.unpacked("dicomweb-client", "0.11.3", sha256, "build")
    pages = {"/page": ("text/html", PAGE)}
    with (
        live_server(tmp_path_factory.mktemp("npm")) as server,
        front.served(built, server, pages) as address,
        chromium.new_context() as context,
    ):
        page = context.new_page()
        page.goto(address + "/page")
        yield page


@pytest.fixture(scope="module")
def call(page):
    """Call a method of the client; ArrayBuffers come as bytes."""

    def bytes_of(value):
        if isinstance(value, list):
            return [bytes_of(one) for one in value]
        if isinstance(value, dict) and value.keys() == {"bytes"}:
            return base64.b64decode(value["bytes"])
        return value

    def ask(name, **options):
        return bytes_of(page.evaluate("([name, options]) => call(name, options)", [name, options]))

    return ask


@pytest.fixture(scope="module")
def images(page):
    """Two CT images and a JPEG, stored by the client."""
    first = data.image()
    made = [first, data.image(first.study, first.series), data.bundled("SC_rgb_jpeg_dcmtk.dcm")]
    told = page.evaluate(
        "parts => store(parts)", [base64.b64encode(one.content).decode() for one in made]
    )
    stored = [item["00081155"]["Value"][0] for item in told["00081199"]["Value"]]
    assert stored == [one.sop for one in made]
    return made


def place(instance):
    return {
        "studyInstanceUID": instance.study,
        "seriesInstanceUID": instance.series,
        "sopInstanceUID": instance.sop,
    }


def uids(found, tag):
    return {item[tag]["Value"][0] for item in found}


def test_all_levels_are_searched(call, images):
    # QIDO-01
    one = images[0]
    query = {"StudyInstanceUID": one.study, "limit": 5, "includefield": "00081030,00080060"}
    (found,) = call("searchForStudies", queryParams=query)
    assert found["00081030"]["Value"] == ["Conformance"]
    assert uids(call("searchForSeries", studyInstanceUID=one.study), "0020000E") == {one.series}
    for where in ({"studyInstanceUID": one.study}, place(one)):
        assert uids(call("searchForInstances", **where), "00080018") == {i.sop for i in images[:2]}
    assert call("searchForStudies", queryParams={"PatientID": "NOBODY"}) == []


def test_metadata_of_all_levels_are_retrieved(call, images):
    # WADO-01
    one = images[0]
    for name, where, number in (
        ("retrieveStudyMetadata", {"studyInstanceUID": one.study}, 2),
        ("retrieveSeriesMetadata", place(one), 2),
    ):
        assert len(call(name, **where)) == number, name
    assert call("retrieveInstanceMetadata", **place(one))[0]["00080018"]["Value"] == [one.sop]


def test_frames_and_bulk_data_are_the_pixels(call, images):
    # WADO-02, WADO-03
    one, _, jpeg = images
    assert call("retrieveInstanceFrames", **place(one), frameNumbers=[1]) == [one.dataset.PixelData]
    address = call("retrieveInstanceMetadata", **place(one))[0]["7FE00010"]["BulkDataURI"]
    assert call("retrieveBulkData", BulkDataURI=address) == [one.dataset.PixelData]
    types = [{"mediaType": "image/jpeg", "transferSyntaxUID": BASELINE}]
    (frame,) = call("retrieveInstanceFrames", **place(jpeg), frameNumbers=[1], mediaTypes=types)
    assert frame.rstrip(b"\0") in jpeg.dataset.PixelData


def test_instances_are_retrieved_alone_and_together(call, images):
    # WADO-01
    one = images[0]
    assert call("retrieveInstance", **place(one))[128:132] == b"DICM"
    for name, where in (
        ("retrieveSeries", place(one)),
        ("retrieveStudy", {"studyInstanceUID": one.study}),
    ):
        found = call(name, **where)
        assert len(found) == 2, name
        assert all(content[128:132] == b"DICM" for content in found)


def test_pictures_are_retrieved(call, images):
    # WADO-04, WADO-06
    one = images[0]
    types = [{"mediaType": "image/jpeg"}]  # without any, the client takes what comes for text
    for name, more in (
        ("retrieveInstanceRendered", {}),
        ("retrieveInstanceThumbnail", {}),
        ("retrieveInstanceFramesRendered", {"frameNumbers": [1]}),
        ("retrieveInstanceFramesThumbnail", {"frameNumbers": [1]}),
    ):
        (picture,) = call(name, **place(one), **more, mediaTypes=types)
        assert picture.startswith(b"\xff\xd8"), name
    (png,) = call("retrieveInstanceRendered", **place(one), mediaTypes=[{"mediaType": "image/png"}])
    assert png.startswith(b"\x89PNG")
