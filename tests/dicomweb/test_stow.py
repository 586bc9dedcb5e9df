"""Files through STOW-RS: what is answered, and what becomes of broken and compressed messages (PS3.18 10.5)."""

import base64
import gzip
import itertools
import quopri
import zlib
from xml.etree import ElementTree as ET

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dicom.samples import make_file
from tests.dicomweb.storing import (
    BASE,
    DICOM,
    XML,
    contents,
    failures,
    message,
    post,
    stored,
    stow,
    value,
)

from hounsfield.archive.access import LOCAL
from hounsfield.dicomweb.multipart import MultipartError
from hounsfield.dicomweb.problems import TooLarge
from hounsfield.dicomweb.stow import coding
from hounsfield.dicomweb.stow.intake import Intake, form_of
from hounsfield.errors import Refused, Unavailable
from hounsfield.hooks import Hooks
from hounsfield.pixels.codecs.photographs import photograph
from hounsfield.storage.memory import MemorySpool

RELATED = f'multipart/related; type="{DICOM}"; boundary=b'
ONE, TWO = make_file(), make_file(SOPInstanceUID="1.2.3.5")


def test_all_stored_is_200_and_names_each_instance(site):
    # STOW-01, STOW-02
    answer = stow(site, ONE, TWO)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    found = answer.json()
    assert stored(answer) == ["1.2.3.4", "1.2.3.5"]
    assert value(found, "00081190") == f"http://127.0.0.1{BASE}/studies/1.2.3"
    first = found["00081199"]["Value"][0]
    assert value(first, "00081150") == "1.2.840.10008.5.1.4.1.1.2"
    assert value(first, "00081190").endswith("/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4")
    assert "00081198" not in found
    assert "0008119A" not in found


def test_some_stored_is_202_none_is_409(site):
    # STOW-01, STOW-02
    mixed = stow(site, ONE, b"garbage")
    assert mixed.status_code == 202
    assert [reason for reason, _ in failures(mixed)] == [0xC000]
    assert "00081198" not in mixed.json()
    assert value(mixed.json(), "00081190").endswith("/studies/1.2.3")
    none = stow(site, b"garbage")
    assert none.status_code == 409
    assert none.json()["00081190"] == {"vr": "UR"}
    assert failures(none)[0][1]


def test_an_instance_of_another_study_fails(site):
    # STOW-03
    answer = stow(site, ONE, path="/studies/9.9")
    assert answer.status_code == 409
    (item,) = answer.json()["00081198"]["Value"]
    assert value(item, "00081155") == "1.2.3.4"
    assert value(item, "00081150") == "1.2.840.10008.5.1.4.1.1.2"
    assert value(item, "00081197") == 0xA900
    assert site.client.get(f"{BASE}/studies").status_code == 204
    here = make_file(StudyInstanceUID="9.9", SOPInstanceUID="9.9.1")
    both = stow(site, ONE, here, path="/studies/9.9")
    assert (both.status_code, stored(both)) == (202, ["9.9.1"])
    assert value(both.json(), "00081190").endswith("/studies/9.9")


def test_one_instance_may_be_the_whole_body(site):
    # STOW-04
    answer = post(site, ONE, DICOM)
    assert (answer.status_code, contents(site)) == (200, [ONE])
    assert post(site, b"", DICOM).status_code == 409


def test_failures_of_the_archive_have_their_reasons_and_names(site):
    # STOW-02
    def refuse(*_):
        raise Refused("not from here")

    site.store.hooks = Hooks(admit=(refuse,))
    answer = stow(site, ONE)
    assert answer.status_code == 403
    (item,) = answer.json()["00081198"]["Value"]
    assert (value(item, "00081155"), value(item, "00081197")) == ("1.2.3.4", 0x0124)


def test_a_full_disk_is_507(site):
    # STOW-01, WEB-09
    site.store.storage._max_bytes = 10
    answer = stow(site, ONE, TWO)
    assert answer.status_code == 507
    assert [reason for reason, _ in failures(answer)] == [0xA700, 0xA700]


def test_a_disk_that_fills_up_meanwhile_is_202(site):
    # STOW-01
    site.store.storage._max_bytes = len(ONE) + 100
    answer = stow(site, ONE, TWO)
    assert (answer.status_code, stored(answer)) == (202, ["1.2.3.4"])
    assert failures(answer)[0][0] == 0xA700


def test_an_instance_beyond_the_limit_is_413(site):
    # STOW-01, WEB-09
    object.__setattr__(site.store.policy, "max_object_bytes", 300)
    assert stow(site, ONE).status_code == 413
    assert post(site, ONE, DICOM).status_code == 413
    assert contents(site) == []


def test_an_index_that_does_not_answer_is_503(site, monkeypatch):
    # WEB-09
    def write(_record):
        raise Unavailable("busy")

    monkeypatch.setattr(site.index, "write", write)
    assert stow(site, ONE).status_code == 503
    assert contents(site) == []


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("", b"x", 415),
        ("application/json", b"{}", 415),
        ("multipart/related", b"x", 400),
        ("multipart/related; boundary=" + "b" * 300, b"x", 400),
        (RELATED, b"", 400),
        (RELATED, b"--b--", 400),
        (RELATED, b"no message at all", 400),
        (RELATED, b"--b and something\r\n\r\nx\r\n--b--", 400),
        (RELATED, b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--b--", 400),
        (RELATED, b"--b\r\nContent-Transfer-Encoding: rot13\r\n\r\nx\r\n--b--", 400),
        ('multipart/related; type="image/png"; boundary=b', b"--b--", 415),
        ("image/jpeg", b"\xff\xd8", 415),
    ],
)
def test_what_is_no_stow_request_is_told_so(site, content_type, body, status):
    # STOW-01, WEB-09
    answer = post(site, body, content_type)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_picture_alone_is_told_what_it_needs(site):
    # STOW-04
    answer = post(site, b"\xff\xd8", "image/jpeg", "/studies/1.2.3")
    assert answer.status_code == 415
    assert "metadata" in answer.json()["detail"]


def test_what_is_no_file_of_ours_is_refused_by_its_beginning(site, monkeypatch):
    # WEB-09: what follows does not go to the disk
    sizes = []
    write = MemorySpool.write
    monkeypatch.setattr(
        MemorySpool, "write", lambda spool, data: sizes.append(len(data)) or write(spool, data)
    )
    intake = Intake(site.store, LOCAL, None, form_of(DICOM), photograph)
    for _ in range(8):
        intake.feed(b"\x89PNG".ljust(1 << 18, b"\0"))
    results = intake.finish()
    assert sizes == [1 << 18]
    assert [failure.text for failure in results.failed] == ["not a DICOM file but a PNG image"]
    monkeypatch.undo()
    bare = ONE[ONE.index(b"\x08\x00\x16\x00") :]
    meta_only = ONE[132:]
    for content in (bare, meta_only, b"DICM" + meta_only, ONE):
        assert stow(site, content).status_code == 200


@pytest.mark.parametrize("missing", [300, 8, 4, 3])
def test_a_body_that_breaks_off_is_400_and_keeps_what_was_finished(site, missing):
    # STOW-05, WEB-09: inside a part, inside the last delimiter, before its two hyphens
    answer = post(site, message(ONE, TWO)[:-missing], RELATED)
    assert answer.status_code == 400
    assert stored(answer) == (["1.2.3.4"] if missing > 4 else ["1.2.3.4", "1.2.3.5"])
    assert failures(answer)[0][1]
    assert len(contents(site)) == len(stored(answer))


def test_a_client_that_leaves_loses_nothing_that_was_finished(site):
    # STOW-05
    body = message(ONE, TWO)
    intake = Intake(site.store, LOCAL, None, form_of(RELATED), photograph)
    intake.feed(body[: len(body) - 200])
    intake.discard()
    assert len(intake.results.stored) == 1
    assert contents(site) == [ONE]


def test_what_came_just_before_the_client_left_is_stored(site):
    # STOW-05: less than is worth a change of thread
    body = message(ONE, TWO)
    came = [body[:100], body[100:-200]]
    headers = [(b"host", b"127.0.0.1"), (b"content-type", RELATED.encode())]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/dicom-web/studies",
             "raw_path": b"/dicom-web/studies", "root_path": "", "scheme": "http", "headers": headers,
             "query_string": b"", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 9)}  # fmt: skip

    async def receive():
        if came:
            return {"type": "http.request", "body": came.pop(0), "more_body": True}
        return {"type": "http.disconnect"}

    async def send(_message):
        pass

    site.client.portal.call(site.client.app, scope, receive, send)
    assert contents(site) == [ONE]


@pytest.mark.parametrize(
    ("headers", "encode"),
    [
        ({}, bytes),
        ({"Content-Type": "application/octet-stream"}, bytes),
        ({"Content-Type": "application/dicom;transfer-syntax=1.2.840.10008.1.2.1"}, bytes),
        ({"content-type": DICOM, "MIME-Version": "1.0", "Content-Length": "9"}, bytes),
        ({"Content-Transfer-Encoding": "binary"}, bytes),
        ({"Content-Transfer-Encoding": "base64"}, base64.encodebytes),
        ({"Content-Transfer-Encoding": "BASE64"}, base64.b64encode),
        ({"Content-Transfer-Encoding": "quoted-printable"}, quopri.encodestring),
        ({"Content-Encoding": "gzip"}, gzip.compress),
    ],
    ids=itertools.count(),
)
def test_parts_may_be_encoded_and_have_headers_in_any_order(site, headers, encode):
    # STOW-04, WEB-04
    assert stow(site, (headers, encode(ONE))).status_code == 200
    assert contents(site) == [ONE]


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", lambda raw: gzip.compress(raw[:99]) + gzip.compress(raw[99:])),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw)[2:-4]),
        ("zstd", zstandard.compress),
        ("identity", bytes),
        ("deflate, gzip", lambda raw: gzip.compress(zlib.compress(raw))),
    ],
    ids=itertools.count(),
)
def test_a_compressed_body_is_taken(site, encoding, encode):
    # STOW-05
    answer = post(site, encode(message(ONE, TWO)), RELATED, Content_Encoding=encoding)
    assert (answer.status_code, stored(answer)) == (200, ["1.2.3.4", "1.2.3.5"])
    assert contents(site) == [ONE, TWO]


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("br", b"x", 415),
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(message(ONE))[:-9], 400),
        ("gzip", b"", 400),
        ("deflate", zlib.compress(message(ONE)) + b"more", 400),
        ("deflate", b"\xff\xff\xff\xff", 400),
        ("zstd", b"no zstd", 400),
        ("zstd", zstandard.compress(message(ONE))[:-9], 400),
        ("zstd", b"", 400),
    ],
    ids=itertools.count(),
)
def test_a_compressed_body_that_cannot_be_read_is_told_so(site, encoding, body, status):
    # WEB-09
    assert post(site, body, RELATED, Content_Encoding=encoding).status_code == status


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_body_that_explodes_is_stopped(monkeypatch, encoding):
    # STOW-05: neither is it whole in memory at any time
    monkeypatch.setattr(coding, "_FREE_BYTES", 1 << 20)
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}
    bomb = compress[encoding](bytes(64 << 20))
    sizes = []
    decoder = coding.content_decoder(encoding, lambda piece: sizes.append(len(piece)))
    with pytest.raises(TooLarge):
        decoder.write(bomb)
    assert max(sizes) <= 1 << 18
    assert sum(sizes) <= (1 << 20) + 100 * len(bomb)


def test_a_body_with_too_many_parts_that_are_nothing_is_not_read_on(site, monkeypatch):
    monkeypatch.setattr("hounsfield.dicomweb.stow.intake.MAX_FAILED", 3)
    answer = stow(site, ONE, b"a", b"b", b"c", TWO)
    assert (answer.status_code, stored(answer)) == (413, ["1.2.3.4"])
    assert len(failures(answer)) == 4  # the last says why nothing more was read


def test_a_body_that_explodes_is_413(site, monkeypatch):
    # WEB-09
    monkeypatch.setattr(coding, "_FREE_BYTES", 1 << 20)
    body = gzip.compress(message(ONE, bytes(16 << 20)))
    answer = post(site, body, RELATED, Content_Encoding="gzip")
    assert (answer.status_code, stored(answer)) == (413, ["1.2.3.4"])


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=3000),
    st.lists(st.integers(0, 3000), max_size=4),
    st.sampled_from(["gzip", "deflate", "zstd"]),
)
def test_what_was_compressed_is_undone_however_it_is_cut(raw, cuts, encoding):
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}
    packed = compress[encoding](raw)
    found = bytearray()
    decoder = coding.content_decoder(encoding, found.extend)
    for begin, end in itertools.pairwise(
        [0, *sorted(min(c, len(packed)) for c in cuts), len(packed)]
    ):
        decoder.write(packed[begin:end])
    decoder.finish()
    assert found == raw


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable"]), st.integers(1, 50))
def test_transfer_encodings_are_undone_however_they_are_cut(raw, encoding, step):
    packed = base64.encodebytes(raw) if encoding == "base64" else quopri.encodestring(raw)
    found = bytearray()
    decoder = coding.transfer_decoder(encoding, found.extend)
    for at in range(0, len(packed), step):
        decoder.write(packed[at : at + step])
    decoder.finish()
    assert found == raw


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_messages_are_answered_and_never_stored_wrong(site, data):
    # WEB-09
    body = bytearray(message(ONE, TWO))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    answer = post(site, bytes(body), RELATED)
    assert answer.status_code in {200, 202, 400, 409}
    if answer.status_code == 200:
        assert bytes(body).rstrip().endswith(b"--b--") or b"--b--" in body
        assert stored(answer)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("application/json", "application/json"),
        ("application/dicom+xml", XML),
        ("application/dicom+json;q=0.5, application/dicom+xml", XML),
        ('multipart/related; type="application/dicom+xml"', "multipart/related"),
    ],
)
def test_the_answer_is_in_the_form_asked_for(site, accept, media_type):
    # STOW-06
    answer = stow(site, ONE, b"garbage", Accept=accept)
    assert answer.status_code == 202
    assert answer.headers["content-type"].partition(";")[0] == media_type
    if "xml" in accept:
        document = answer.content
        if media_type == "multipart/related":
            document = document.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        found = {
            one.get("keyword"): one for one in ET.fromstring(document).iter() if one.get("tag")
        }
        assert found["ReferencedSOPInstanceUID"][0].text == "1.2.3.4"
        assert found["FailureReason"][0].text == str(0xC000)
        assert found["RetrieveURL"][0].text.startswith("http://")


def test_who_takes_neither_form_is_told_before_anything_is_stored(site):
    # STOW-06
    assert stow(site, ONE, Accept="text/html").status_code == 406
    assert contents(site) == []


def test_base64_that_ends_too_early_is_told():
    # WEB-09
    decoder = coding.transfer_decoder("base64", bytearray().extend)
    decoder.write(b"abc")
    with pytest.raises(MultipartError):
        decoder.finish()
