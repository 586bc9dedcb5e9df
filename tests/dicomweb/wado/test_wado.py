"""WADO-RS, rule by rule: instances, frames, values and metadata as they are stored or as the web wants them."""

import io
import re
from functools import partial

import numpy as np
import pytest
import zstandard
from pydicom import Dataset, Sequence, dcmread, dcmwrite
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)
from tests.dicomweb.conftest import open_site
from tests.instances import part10

BASE = "/dicom-web"
OCTETS, DICOM, JSON = "application/octet-stream", "application/dicom", "application/dicom+json"
PIXELS = np.arange(16, dtype="<u2").tobytes()


def place(number: int) -> dict[str, str]:
    return {
        "StudyInstanceUID": "1.2.7", "SeriesInstanceUID": f"1.2.7.{number}", "SOPInstanceUID": f"1.2.7.{number}.1",
        "SeriesNumber": str(number), "PatientID": "W1",
    }  # fmt: skip


def url(number: int, rest: str = "") -> str:
    return f"{BASE}/studies/1.2.7/series/1.2.7.{number}/instances/1.2.7.{number}.1{rest}"


def written(made: Dataset, syntax: str) -> bytes:
    made.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    dcmwrite(out, made, implicit_vr=implicit, little_endian=little, force_encoding=True)
    return out.getvalue()


def compressed(number: int, frames: list[bytes], syntax: str, **attributes) -> bytes:
    """Frames that are already encoded; how they lie is said by ``_table`` and ``_fragments``."""
    table, fragments = attributes.pop("_table", "basic"), attributes.pop("_fragments", 1)
    made = dcmread(
        io.BytesIO(part10(**place(number), NumberOfFrames=str(len(frames)), **attributes))
    )
    if table == "extended":
        made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = (
            encapsulate_extended(frames)
        )
    else:
        made.PixelData = encapsulate(
            frames, fragments_per_frame=fragments, has_bot=table == "basic"
        )
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return written(made, syntax)


def rle(number: int) -> bytes:
    made = dcmread(io.BytesIO(part10(**place(number), PixelData=PIXELS)))
    made.compress(RLELossless, generate_instance_uid=False)
    return written(made, RLELossless)


JPEGS = [b"\xff\xd8\xff\xe0" + bytes([n]) * 60 + b"\xff\xd9" for n in (1, 2, 3)]
ONE_BIT = np.packbits(np.arange(45) % 3 == 0, bitorder="little").tobytes()


def files() -> dict[int, bytes]:
    native = dcmread(io.BytesIO(part10(**place(1), PixelData=PIXELS)))
    big = dcmread(io.BytesIO(part10(**place(3))))
    big.PixelData = np.frombuffer(PIXELS, "<u2").astype(">u2").tobytes()
    nested = Dataset()
    nested.add_new(0x00420011, "OB", bytes(range(256)) * 8)
    return {
        1: written(native, ExplicitVRLittleEndian),
        2: written(dcmread(io.BytesIO(part10(**place(2), PixelData=PIXELS))), ImplicitVRLittleEndian),
        3: written(big, ExplicitVRBigEndian),
        4: rle(4),
        5: compressed(5, JPEGS, JPEGBaseline8Bit, SamplesPerPixel=1, BitsAllocated=8, BitsStored=8, HighBit=7),
        6: compressed(6, JPEGS, JPEGBaseline8Bit, _table="none", _fragments=2),
        7: compressed(7, JPEGS, JPEGBaseline8Bit, _table="extended"),
        8: part10(
            **place(8), Rows=3, Columns=5, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames="3",
            PixelData=ONE_BIT,
        ),
        9: part10(
            **place(9), PixelData=PIXELS, SpectroscopyAcquisitionPhaseRows=1,
            ReferencedImageSequence=Sequence([nested]), EncapsulatedDocument=b"%PDF" + bytes(5000),
        ),
        10: compressed(10, [bytes(range(200)) * 20], "1.2.840.10008.1.2.4.102", _fragments=3),
        11: part10(transfer_syntax_uid=DeflatedExplicitVRLittleEndian, **place(11), PixelData=PIXELS),
        12: part10(**place(12), PixelData=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR"),
        13: part10(**place(13), NumberOfFrames="3", PixelData=PIXELS * 3),
    }  # fmt: skip


FILES = files()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with open_site(tmp_path_factory.mktemp("wado")) as opened:
        for data in FILES.values():
            opened.put(data)
        yield opened


def get(site, path: str, accept: str | None = None, **headers):
    if accept is not None:
        headers["Accept"] = accept
    return site.client.get(path, headers={name.replace("_", "-"): v for name, v in headers.items()})


def parts_of(answer) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart answer, read strictly (RFC 2046 5.1.1)."""
    found = re.fullmatch(
        r'multipart/related; type="([^"]+)"; boundary=(\w+)', answer.headers["content-type"]
    )
    assert found, answer.headers["content-type"]
    delimiter = b"--" + found[2].encode()
    body = answer.content
    assert body.startswith(delimiter + b"\r\n")
    assert body.endswith(b"\r\n" + delimiter + b"--\r\n")
    made = []
    for piece in body[len(delimiter) : -len(delimiter) - 6].split(b"\r\n" + delimiter):
        head, _, content = piece[2:].partition(b"\r\n\r\n")
        lines = (line.decode().partition(": ") for line in head.split(b"\r\n"))
        made.append(({name.lower(): value for name, _, value in lines}, content))
    assert all(headers["content-type"].startswith(found[1]) for headers, _ in made)
    return made


# -- whole instances -----------------------------------------------------------------------------------


def test_an_explicit_little_endian_instance_comes_back_to_the_byte(site):
    # WADO-01
    answer = get(site, url(1), DICOM)
    assert answer.content == FILES[1]
    assert answer.headers["content-type"] == f"{DICOM}; transfer-syntax={ExplicitVRLittleEndian}"


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("accept", [DICOM, f"{DICOM}; transfer-syntax={ExplicitVRLittleEndian}"])
def test_implicit_vrs_and_big_endian_are_not_given_to_who_does_not_ask_for_them(
    site, number, accept
):
    # WEB-01
    answer = get(site, url(number), accept)
    assert answer.headers["content-type"].endswith(f"transfer-syntax={ExplicitVRLittleEndian}")
    made = dcmread(io.BytesIO(answer.content))
    assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    stored = dcmread(io.BytesIO(FILES[number]))
    assert made.PixelData == PIXELS
    for element in stored:
        if element.keyword != "PixelData":
            assert made[element.tag].value == element.value


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_who_takes_any_transfer_syntax_is_given_what_is_stored(site, number):
    # WEB-02
    answer = get(site, url(number), f"{DICOM}; transfer-syntax=*")
    assert answer.content == FILES[number]
    stored = dcmread(io.BytesIO(FILES[number])).file_meta.TransferSyntaxUID
    assert answer.headers["content-type"] == f"{DICOM}; transfer-syntax={stored}"


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_the_bytes_as_they_were_received_are_there_to_be_had(site, number):
    # WEB-01: as received stays a representation of its own
    assert get(site, url(number, "?view=received"), DICOM).content == FILES[number]
    assert get(site, url(number, "?view=other"), DICOM).status_code == 400


def test_without_a_transfer_syntax_lossless_pixels_are_native_and_lossy_ones_as_stored(site):
    # WEB-02
    made = dcmread(io.BytesIO(get(site, url(4), DICOM).content))
    assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert made.PixelData == PIXELS
    assert get(site, url(5), DICOM).content == FILES[5]


def test_any_transfer_syntax_means_as_stored(site):
    # WEB-02
    answer = get(site, url(4), f"{DICOM}; transfer-syntax=*")
    assert answer.content == FILES[4]
    assert answer.headers["content-type"].endswith(f"transfer-syntax={RLELossless}")


def test_a_transfer_syntax_by_name_is_given_where_it_can_be(site):
    # WEB-02, WEB-03
    both = (
        f"{DICOM}; transfer-syntax=1.2.3.4, {DICOM}; transfer-syntax={ExplicitVRLittleEndian};q=0.5"
    )
    assert get(site, url(4), both).headers["content-type"].endswith(ExplicitVRLittleEndian)
    # What cannot be had is given as it is stored rather than not at all.
    other = get(site, url(10), f"{DICOM}; transfer-syntax={ExplicitVRLittleEndian}")
    assert other.content == FILES[10]


@pytest.mark.parametrize(
    "resource", [f"{BASE}/studies/1.2.7", f"{BASE}/studies/1.2.7/series/1.2.7.1"]
)
def test_studies_and_series_come_as_parts_each_with_its_address(site, resource):
    # WADO-01, WEB-04
    accept = f'multipart/related; type="{DICOM}"; transfer-syntax=*'
    parts = parts_of(get(site, resource, accept))
    assert len(parts) == (13 if resource.endswith(".7") else 1)
    for headers, content in parts:
        made = dcmread(io.BytesIO(content), force=False)
        assert headers["content-location"] == f"http://127.0.0.1{url(int(made.SeriesNumber))}"
        assert (
            headers["content-type"]
            == f"{DICOM}; transfer-syntax={made.file_meta.TransferSyntaxUID}"
        )


@pytest.mark.parametrize(
    "accept",
    [
        "*/*", "", "multipart/related", f"multipart/related; type={DICOM}", f'multipart/related;type="{DICOM}"',
        f"multipart/related; type={DICOM}; transfer-syntax=*", f"{DICOM}, */*;q=0.1", "multipart/*", DICOM,
        f'multipart/related; type="{DICOM}"; transfer-syntax=1.2.840.10008.1.2.4.70, multipart/related; type="{DICOM}"',
    ],
)  # fmt: skip
def test_no_client_is_refused_an_instance_that_is_here(site, accept):
    # WEB-03: as curl, OHIF, Weasis, Slicer, dicomweb-client and dcm4che ask
    for resource in (url(1), url(5), f"{BASE}/studies/1.2.7"):
        assert get(site, resource, accept).status_code == 200
    assert get(site, url(1, "?accept=application/dicom"), "image/png").content == FILES[1]


def test_an_instance_can_be_asked_for_as_metadata_too(site):
    # WEB-03
    assert get(site, url(1), JSON).json() == get(site, url(1, "/metadata")).json()


# -- frames --------------------------------------------------------------------------------------------


def test_frames_come_in_the_order_asked_for(site):
    # WADO-01
    parts = parts_of(get(site, url(5, "/frames/3,1,2"), 'multipart/related; type="image/jpeg"'))
    assert [content for _, content in parts] == [JPEGS[2], JPEGS[0], JPEGS[1]]
    assert [h["content-location"][-8:] for h, _ in parts] == ["frames/3", "frames/1", "frames/2"]
    assert parts[0][0]["content-type"] == f"image/jpeg; transfer-syntax={JPEGBaseline8Bit}"


@pytest.mark.parametrize("number", [5, 6, 7])
def test_compressed_frames_are_the_bare_codestream_whatever_tables_there_are(site, number):
    # WADO-03, WEB-05: a basic offset table, none and two fragments a frame, an extended one
    for frame, wanted in enumerate(JPEGS, 1):
        answer = get(site, url(number, f"/frames/{frame}"), "image/jpeg; transfer-syntax=*")
        assert answer.content.rstrip(b"\0") == wanted
        assert answer.headers["content-type"] == f"image/jpeg; transfer-syntax={JPEGBaseline8Bit}"


def test_frames_of_single_bits_each_begin_on_a_byte(site):
    # WADO-03
    bits = np.unpackbits(np.frombuffer(ONE_BIT, np.uint8), bitorder="little")[:45].reshape(3, 15)
    for frame in (1, 2, 3):
        content = get(site, url(8, f"/frames/{frame}"), OCTETS).content
        found = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        assert found.tolist() == [*bits[frame - 1], 0]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 11])
def test_native_frames_are_little_endian_however_they_are_stored(site, number):
    # WEB-01, WEB-02, WADO-03: implicit, big endian, RLE and deflated
    answer = get(site, url(number, "/frames/1"), OCTETS)
    assert answer.content == PIXELS
    assert answer.headers["content-type"] == f"{OCTETS}; transfer-syntax={ExplicitVRLittleEndian}"


def test_frames_stay_compressed_for_who_takes_any_transfer_syntax(site):
    # WEB-02: as OHIF asks
    accept = "multipart/related; type=application/octet-stream; transfer-syntax=*"
    ((headers, content),) = parts_of(get(site, url(4, "/frames/1"), accept))
    assert headers["content-type"] == f"{OCTETS}; transfer-syntax={RLELossless}"
    stored = dcmread(io.BytesIO(FILES[4])).PixelData
    assert content == next(generate_frames(stored, number_of_frames=1))
    for old_name in ("image/x-dicom-rle", "image/dicom+rle"):
        assert get(site, url(4, "/frames/1"), old_name).content == content


@pytest.mark.parametrize("path", ["/frames/2", "/frames/1,2", "/frames/99999"])
def test_a_frame_that_is_not_there_is_404(site, path):
    # WADO-01, WEB-09
    answer = get(site, url(1, path))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/frames/0", None, 400), ("/frames/1-2", None, 400), ("/frames/1", "text/html", 406),
        ("/frames/1", "multipart/related; type=video/mp4", 406), ("/bulkdata/00100010/0", None, 404),
        ("/bulkdata/nonsense", None, 404), ("/bulkdata/7FE10010", None, 404),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_own_status_and_is_told(site, path, accept, status):
    # WEB-09
    answer = get(site, url(1, path), accept)
    assert answer.status_code == status
    assert answer.json()["detail"]


# -- values --------------------------------------------------------------------------------------------


def bulk_uris(found) -> list[str]:
    uris = []
    for element in found.values():
        if "BulkDataURI" in element:
            uris.append(element["BulkDataURI"])
        for item in element.get("Value", ()) if element["vr"] == "SQ" else ():
            uris += bulk_uris(item)
    return uris


def test_every_address_in_the_metadata_leads_to_the_value(site):
    # WADO-02: nested in sequences too
    (found,) = get(site, url(9, "/metadata")).json()
    uris = {uri.rpartition("/bulkdata/")[2]: uri for uri in bulk_uris(found)}
    assert set(uris) == {"00081140/0/00420011", "00420011", "7FE00010"}
    stored = dcmread(io.BytesIO(FILES[9]))
    assert get(site, uris["00420011"], "*/*").content == stored.EncapsulatedDocument
    assert get(site, uris["00081140/0/00420011"]).content == bytes(range(256)) * 8
    assert get(site, uris["7FE00010"]).content == PIXELS


def test_all_values_of_an_instance_come_with_the_addresses_of_the_metadata(site):
    # WADO-02, WEB-04 (10.4.3.3.5)
    (found,) = get(site, url(9, "/metadata")).json()
    for resource in (url(9, "/bulkdata"), f"{BASE}/studies/1.2.7/series/1.2.7.9/bulkdata"):
        parts = parts_of(get(site, resource))
        assert {h["content-location"] for h, _ in parts} == set(bulk_uris(found))
    assert get(site, url(12, "/bulkdata")).status_code == 404


@pytest.mark.parametrize(
    ("range_", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9), ("bytes=10-", 206, 10, 5003), ("bytes=-4", 206, 5000, 5003),
        ("bytes=4000-9999", 206, 4000, 5003), ("bytes=x-y", 200, 0, 5003), ("bytes=1-2,4-5", 200, 0, 5003),
        ("bytes=9-3", 200, 0, 5003), ("Bytes=0-9", 206, 0, 9), ("items=0-9", 200, 0, 5003),
        ("bytes=0-" + "9" * 5000, 200, 0, 5003), ("bytes=" + "1" * 5000 + "-", 200, 0, 5003),
    ],
)  # fmt: skip
def test_ranges_of_a_value(site, range_, status, first, last):
    # WADO-02, WEB-11; RFC 9110 14.2: what is no range is ignored
    whole = dcmread(io.BytesIO(FILES[9])).EncapsulatedDocument
    answer = get(site, url(9, "/bulkdata/00420011"), OCTETS, Range=range_)
    assert answer.status_code == status
    assert answer.content == whole[first : last + 1]
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {first}-{last}/5004"


def test_a_range_goes_with_what_it_is_of_and_only_with_its_bytes(site):
    # WEB-11; RFC 9110 13.1.5: another version is sent whole; 14.2: of GET alone
    address = url(9, "/bulkdata/00420011")
    whole = get(site, address, OCTETS)
    ask = partial(get, site, address, OCTETS, Range="bytes=10-19")
    assert ask(**{"If-Range": whole.headers["etag"]}).content == whole.content[10:20]
    for other in ('"of before"', "W/" + whole.headers["etag"], "Tue, 24 Nov 2026 10:00:00 GMT"):
        answer = ask(**{"If-Range": other})
        assert (answer.status_code, answer.content) == (200, whole.content)
    for range_ in ("bytes=10-19", "bytes=9999-"):
        head = site.client.head(address, headers={"Accept": OCTETS, "Range": range_})
        assert (head.status_code, head.headers["content-length"]) == (200, "5004")


def test_ranges_of_frames_and_of_video_go_across_fragments(site):
    # WEB-11
    assert get(site, url(1, "/frames/1"), OCTETS, Range="bytes=4-7").content == PIXELS[4:8]
    film = bytes(range(200)) * 20
    whole = get(site, url(10, "/pixeldata"), "video/mp4")
    assert whole.content == film
    assert whole.headers["content-type"].startswith("video/mp4")
    middle = get(site, url(10, "/pixeldata"), "*/*", Range="bytes=1000-2999")
    assert middle.status_code == 206
    assert middle.content == film[1000:3000]
    assert get(site, url(1, "/frames/1"), OCTETS, Range="bytes=99-").status_code == 416


def test_pixel_data_is_one_value_or_its_frames(site):
    # WADO-01
    assert get(site, url(13, "/pixeldata"), OCTETS).content == PIXELS * 3
    parts = parts_of(get(site, url(5, "/pixeldata")))
    assert [content for _, content in parts] == JPEGS
    assert get(site, url(12, "/pixeldata")).status_code == 404
    of_all = parts_of(
        get(
            site,
            f"{BASE}/studies/1.2.7/series/1.2.7.13/pixeldata",
            f"multipart/related; type={OCTETS}",
        )
    )
    assert [content for _, content in of_all] == [PIXELS * 3]


# -- metadata and what need not be sent again ----------------------------------------------------------


def test_metadata_has_every_instance_of_a_study_once(site):
    # WADO-01, WEB-06
    found = get(site, f"{BASE}/studies/1.2.7/metadata").json()
    assert len(found) == 13
    assert len({one["00080018"]["Value"][0] for one in found}) == 13


@pytest.mark.parametrize(
    "path",
    ["/metadata", "/frames/1", "", "/bulkdata/7FE00010", "/pixeldata"],
)
def test_what_has_not_changed_is_304(site, path):
    # WEB-11
    first = get(site, url(1, path))
    assert first.status_code == 200
    again = get(site, url(1, path), If_None_Match=first.headers["etag"])
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert get(site, url(1, path), If_None_Match='"other"').status_code == 200


def test_prepared_metadata_is_made_anew_when_an_instance_comes(tmp_path):
    # WEB-11
    with open_site(tmp_path) as site:
        path = f"{BASE}/studies/2.25.4711.1/series/2.25.4711.1.1/metadata"
        site.put(part10())
        first = get(site, path)
        assert get(site, path, If_None_Match=first.headers["etag"]).status_code == 304
        site.put(
            part10(SOPInstanceUID="2.25.4711.1.1.2", InstanceNumber="2", SliceThickness="1.250")
        )
        second = get(site, path, If_None_Match=first.headers["etag"])
        assert len(second.json()) == 2
        assert b'"00180050":{"vr":"DS","Value":[1.250]}' in second.content


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br, zstd", "zstd"), ("gzip, deflate", "gzip"), ("identity", None), ("gzip;q=0", None)],
)  # fmt: skip
def test_metadata_is_packed_for_who_can_unpack_it(tmp_path, accepted, coding):
    # WEB-11
    with open_site(tmp_path) as site:
        for n in range(1, 30):
            site.put(part10(SOPInstanceUID=f"2.25.4711.1.1.{n}", InstanceNumber=str(n)))
        path = f"{BASE}/studies/2.25.4711.1/series/2.25.4711.1.1/metadata"
        plain = get(site, path, Accept_Encoding="identity")
        for _ in range(2):  # made, and then from what is kept
            with site.client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
                raw = b"".join(answer.iter_raw())
            assert answer.headers.get("content-encoding") == coding
            assert answer.headers["etag"] == plain.headers["etag"]
            assert "Accept-Encoding" in answer.headers["vary"]
            if coding == "zstd":
                raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
            if coding != "gzip":
                assert raw == plain.content


def test_xml_metadata_has_a_part_for_each_instance(site):
    # WEB-06
    accept = 'multipart/related; type="application/dicom+xml"'
    parts = parts_of(get(site, f"{BASE}/studies/1.2.7/series/1.2.7.9/metadata", accept))
    assert len(parts) == 1
    assert b'keyword="EncapsulatedDocument"' in parts[0][1]
    assert b"/bulkdata/00420011" in parts[0][1]


def test_what_never_was_is_404_at_every_level(site):
    # WADO-01, WEB-09
    for path in (
        "/studies/9.9",
        "/studies/1.2.7/series/9.9",
        "/studies/1.2.7/series/1.2.7.1/instances/9.9",
    ):
        for rest in ("", "/metadata", "/bulkdata", "/pixeldata"):
            assert get(site, BASE + path + rest).status_code == 404, path + rest


_EVERY = [
    f'multipart/related; type="{media_type}"; transfer-syntax={syntax}'
    for media_type, syntax in (
        ("application/octet-stream", "1.2.840.10008.1.2.1"),
        ("image/jpeg", "1.2.840.10008.1.2.4.50"),
        ("image/jls", "1.2.840.10008.1.2.4.80"),
        ("image/jp2", "1.2.840.10008.1.2.4.90"),
        ("image/dicom-rle", "1.2.840.10008.1.2.5"),
    )
]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 8, 11])
@pytest.mark.parametrize(
    "accept",
    [
        None, "*/*", "multipart/related", "application/octet-stream, */*;q=0.5",
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        'multipart/related; type="application/octet-stream"; transfer-syntax="*"',
        "multipart/related;type=application/octet-stream;transfer-syntax=*;q=0.9, multipart/related; type=image/jls",
        ", ".join(_EVERY),
        "multipart/related; type=image/jpeg, multipart/related; type=application/octet-stream",
        'multipart/related; type="image/*"; transfer-syntax=*, multipart/related; type="application/octet-stream"',
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ],
)  # fmt: skip
def test_no_client_is_refused_a_frame_that_is_here(site, number, accept):
    # WEB-03: curl, OHIF, Cornerstone, dicomweb-client, Slicer, Google's adapter, a browser
    assert get(site, url(number, "/frames/1"), accept).status_code == 200


def test_one_that_cannot_be_read_does_not_hide_the_others_of_its_series(site):
    # WADO-01: it is there with what the index knows of it
    study, series, sops = "2.25.77", "2.25.77.1", ("2.25.77.1.1", "2.25.77.1.2")
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "AcquisitionComments": "abcd"}
    whole, broken = (part10(SOPInstanceUID=sop, **uids) for sop in sops)
    site.put(whole)
    site.put(broken.replace(b"\x18\x00\x00\x40LT", b"\x18\x00\x00\x40L\xf2"))
    for path in (f"{BASE}/studies/{study}/series/{series}", f"{BASE}/studies/{study}"):
        found = get(site, f"{path}/metadata", JSON).json()
        by_uid = {one["00080018"]["Value"][0]: one for one in found}
        assert sorted(by_uid) == sorted(sops)
        assert by_uid[sops[0]]["00280010"]["Value"] == [4]
        assert by_uid[sops[1]]["0020000E"]["Value"] == [series]
        assert "00280010" not in by_uid[sops[1]]
    instance = f"{BASE}/studies/{study}/series/{series}/instances/{sops[1]}/metadata"
    answer = get(site, instance, JSON)
    assert (answer.status_code, "VR" in answer.json()["detail"]) == (400, True)
