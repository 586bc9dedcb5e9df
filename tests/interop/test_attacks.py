"""What an attacker sends over HTTP is refused in time and in words, and the server goes on as before.

Nothing here may be a 5xx of the archive's own making, take long, or leave memory behind.
"""

import contextlib
import gzip
import io
import re
import socket
import time
import warnings
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pydicom
import pytest
from pydicom.encaps import encapsulate
from tests.conformance import data
from tests.interop.web import BOUNDARY, STOW_TYPE, Dicomweb, multipart
from tests.live import live_server, members

pytestmark = pytest.mark.timeout(300)

SOON_S = 30  # hours would be a hang; a machine that does other things as well needs some seconds
MEMORY_MIB = (
    600  # what a process may have taken at any moment; those that decode have a limit of their own
)
JSON = "application/dicom+json"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("attacked")) as running:
        yield running
        log = running.log.read_text(errors="replace")
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]


@pytest.fixture(scope="module")
def image(attacked):
    one = data.image()
    with Dicomweb(attacked.dicomweb) as web:
        assert web.store([one.content]).status_code == 200
    return one


@pytest.fixture
def http(attacked, image):
    """A client; after each test the server must answer, and soon, and be no larger than it may."""
    with httpx.Client(base_url=attacked.dicomweb, timeout=60) as client:
        yield client
        begin = time.monotonic()
        assert client.get("/studies", params={"limit": 1}).status_code == 200
        assert time.monotonic() - begin < SOON_S
    assert attacked.is_running
    assert peak_mib(attacked) < MEMORY_MIB


def peak_mib(server):
    """Return the largest resident size that any process had which does more than decode."""
    largest = 0
    for pid in members(server.process.pid):
        folder = Path(f"/proc/{pid}")
        with contextlib.suppress(OSError):  # one that ended just now
            if b"hounsfield.pixels.worker" in (folder / "cmdline").read_bytes():
                continue
            status = (folder / "status").read_text()
            largest = max(largest, int(re.search(r"VmHWM:\s*(\d+)", status)[1]) // 1024)
    return largest


def refused(answer, *statuses):
    """Hold an answer to be a refusal in words, or one of these statuses."""
    status = answer.status_code
    assert status in statuses or 400 <= status < 500, f"{status}: {answer.text[:300]}"
    if status >= 400:
        assert answer.json()  # the words of a refusal, or what became of each part of a STOW
    return answer


def timed(call, *arguments, **options):
    begin = time.monotonic()
    answer = call(*arguments, **options)
    assert time.monotonic() - begin < SOON_S
    return answer


def raw(server, content, *, wait_s=20):
    """Send bytes and return what comes back before the server closes or has answered."""
    url = urlsplit(server.http)
    with socket.create_connection((url.hostname, url.port), timeout=wait_s) as connection:
        try:
            connection.sendall(content)
            return connection.recv(1 << 16)
        except (ConnectionError, TimeoutError):
            return b""


# -- requests


@pytest.mark.parametrize(
    "head",
    [
        b"GET /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 900_000,
        b"GET /dicom-web/studies HTTP/1.1\r\n" + b"A: b\r\n" * 200_000,
        b"GET /dicom-web/studies?" + b"a" * 900_000,
        b"\0" * 10_000 + b"\r\n\r\n",
        b"GET /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        b"GET /dicom-web/studies HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://evil.example/dicom-web/studies HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=range(10),
)
def test_a_head_that_is_none_is_refused(attacked, http, head):
    answer = raw(attacked, head)
    assert answer == b"" or answer.split()[1][:1] == b"4", answer[:200]


@pytest.mark.parametrize(
    "path",
    [
        "/studies/..%2F..%2F..%2Fetc%2Fpasswd/metadata",
        "/studies/%2e%2e/%2e%2e/metadata",
        "/studies/%00/metadata",
        "/studies/1.2%00.3/series/1/instances/1/frames/1",
        "/studies/1.2/series/1.2/instances/..%5c..%5c/metadata",
        "/studies/%FF%FE/metadata",
        "/studies/" + "1." * 4000 + "1/metadata",
        "/studies/1.2/series/1.2/instances/1.2/bulkdata/" + "a/" * 3000,
        "/" + "studies/" * 3000,
        "/studies/😀/metadata",
        "/studies/1;drop table study/metadata",
    ],
    ids=range(11),
)
def test_paths_lead_nowhere_else(http, path):
    answer = timed(http.get, path)
    assert answer.status_code in (400, 404, 405, 414)
    assert b"root:" not in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "00400275/1/00400275/1/" * 200 + "00400009",
        "7FE00010/../../../etc/passwd",
        "7FE00010%00",
        "99999999999999999999/1",
        "7fe00010/-1",
        "FFFFFFFF",
        "",
    ],
    ids=range(7),
)
def test_bulk_data_is_only_what_the_metadata_names(http, image, path):
    refused(timed(http.get, f"{image.path}/bulkdata/{path}"), 307)


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=" + "*" * 5000 + "x",
        "PatientName=" + "?*" * 2500,
        "PatientName=" + "*a" * 2000 + "b",
        "StudyInstanceUID=" + ",".join(f"1.2.{n}" for n in range(4500)),
        "limit=99999999999999999999999",
        "offset=99999999999999999999999",
        "limit=1e5",
        "offset=999999999999",
        "PatientName=%00",
        "PatientName=%FF%FE",
        "PatientName=%ud83d",
        "StudyDate=99999999-00000000",
        "StudyDate=" + "2" * 5000,
        "StudyTime=-",
        "includefield=" + ".".join(["00400275"] * 3000),
        "includefield=" + ",".join(["00400275.00400009"] * 3000),
        "includefield=" + ",".join(f"{n:08X}" for n in range(6000)),
        "&".join(["includefield=all"] * 3000),
        ".".join(["00400275"] * 3000) + "=1",
        "&".join(f"{n:08X}=1" for n in range(4000)),
        "&".join(["PatientName=x"] * 4000),
        "fuzzymatching=true&PatientName=" + "Mueller^" * 800,
        "multiplevaluematching=true&AccessionNumber=" + "\\".join(map(str, range(9000))),
        "00100010.00100020=x",
        "7FE00010=x",
        "FFFEE000=1",
        "00020010=1",
        "=",
        "&&&&====",
        "'; DROP TABLE study; --=1&PatientID=' OR 1=1 --",
    ],
    ids=range(30),
)  # fmt: skip
def test_queries_are_answered_or_refused_in_time(http, query):
    for path in ("/studies", "/instances", "/workitems"):
        answer = timed(http.get, f"{path}?{query}", headers={"Accept": JSON})
        refused(answer, 200, 204)


@pytest.mark.parametrize(
    "accept",
    [
        '"' * 8000,
        "a/b;" * 2000,
        '"\\' * 4000,
        "application/dicom+json;q=" + "9" * 5000,
        "application/dicom+json;q=nan",
        ("multipart/related;type=" + '"' + "a" * 4000) * 2,
        ";=" * 4000,
        ",;" * 4000,
        ",".join(["*/*;q=0.1"] * 4000),
    ],
    ids=range(9),
)
def test_accept_headers_are_read_in_time(http, image, accept):
    for path in (image.path + "/metadata", image.path + "/frames/1", "/studies", image.path):
        refused(timed(http.get, path, headers={"Accept": accept}), 200, 431)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=-0",
        "bytes=5-2",
        "bytes=99999999999999999999999-",
        "bytes=0-99999999999999999999999",
        "bytes=-99999999999999999999999",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(1500)),
        "bytes=0-,0-,0-,0-",
        "bytes=a-b",
        "bytes=",
        "lines=1-2",
    ],
)
def test_ranges_are_given_or_refused(http, image, asked):
    (item,) = http.get(image.path + "/metadata").json()
    address = item["7FE00010"]["BulkDataURI"]
    headers = {"Range": asked, "Accept": "application/octet-stream"}
    answer = refused(timed(http.get, address, headers=headers), 200, 206)
    assert len(answer.content) <= 4096


@pytest.mark.parametrize(
    "frames", ["1," * 5000 + "1", ",".join(map(str, range(1, 11_000))), "9" * 5000, "1-5", "0x1"],
    ids=range(5),
)  # fmt: skip
def test_lists_of_frames_are_given_or_refused(http, image, frames):
    for more in ("", "/rendered", "/thumbnail"):
        refused(timed(http.get, f"{image.path}/frames/{frames}{more}"), 200)


@pytest.mark.parametrize(
    "query",
    [
        "viewport=99999,99999",
        "viewport=8192,4096",
        "viewport=1e9,1",
        "viewport=16,16,0,0,1e-300,1e-300",
        "viewport=16,16,-1e300,1e300,5,5",
        "viewport=16,16,0,0,nan,inf",
        "viewport=" + "1," * 5000,
        "window=nan,nan,linear",
        "window=inf,1,linear",
        "window=1e308,1e308,sigmoid",
        "window=0,1e-320,sigmoid",
        "window=-1e308,1e308,linear-exact",
        "window=1,2," + "x" * 5000,
        "quality=99999999999",
        "quality=nan",
        "quality=-1",
        "annotation=" + "patient," * 3000,
        "annotation=<script>",
        "iccprofile=../../etc/passwd",
        "viewport=2048,2048&annotation=patient,technique&iccprofile=rommrgb",
    ],
    ids=range(20),
)
def test_pictures_are_drawn_or_refused_in_time(http, image, query):
    for path in (image.path, image.path + "/frames/1"):
        refused(timed(http.get, f"{path}/rendered?{query}"), 200)
    refused(timed(http.get, f"{image.path}/thumbnail?{query}"), 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": 'a"b,{}'},
        {"X-Forwarded-Proto": "javascript"},
        {"Forwarded": 'host="a\\"b";proto=https'},
        {"Forwarded": "for=_x;" * 2000},
        {"X-Forwarded-Prefix": '"/><script>'},
    ],
    ids=range(5),
)
def test_addresses_are_never_made_of_what_is_no_host(http, image, headers):
    answer = http.get(image.path + "/metadata", headers=headers)
    if answer.status_code == 200:
        (item,) = answer.json()
        address = item["7FE00010"]["BulkDataURI"]
        assert '"' not in address
        assert "<" not in address
        assert address.startswith(("http://", "https://"))
    else:
        refused(answer)


# -- bodies


def endless(first, again, times):
    yield first
    for _ in range(times):
        yield again


def post(http, content, content_type=STOW_TYPE, path="/studies", **headers):
    try:
        return http.post(
            path, content=content, headers={"Content-Type": content_type, "Accept": JSON, **headers}
        )
    except httpx.TransportError:
        return None  # the server may end a connection on which there is only nonsense


HEAD = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()


@pytest.mark.parametrize(
    "body",
    [
        lambda: endless(b"preamble", b"x" * 65536, 1000),
        lambda: endless(f"--{BOUNDARY}\r\n".encode(), b"A: " + b"b" * 65536, 1000),
        lambda: endless(f"--{BOUNDARY}".encode(), b" " * 65536, 1000),
        lambda: endless(HEAD, b"\r\n--" * 16384, 1000),
        lambda: endless(b"", HEAD + b"\r\n", 20_000),
        lambda: endless(HEAD + b"\0" * 128 + b"DICM", b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" * 4096, 1000),
    ],
    ids=["preamble", "header", "delimiter", "almost a delimiter", "empty parts", "no DICOM"],
)  # fmt: skip
def test_a_body_without_end_takes_no_memory(http, body):
    answer = post(http, body())
    if answer is not None:
        refused(answer)


def test_a_body_that_unpacks_without_end_takes_no_memory(http):
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(HEAD)
    zeros = bytes(1 << 20)
    pieces = [packed, *(packer.compress(zeros) for _ in range(150)), packer.flush()]
    answer = post(http, b"".join(pieces), **{"Content-Encoding": "gzip"})
    if answer is not None:
        refused(answer)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip", "x" * 3000])
def test_a_body_that_does_not_unpack_is_refused(http, coding):
    content = gzip.compress(multipart([data.image().content]))[:-20]
    answer = post(http, content, **{"Content-Encoding": coding})
    if answer is not None:
        refused(answer)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/related; boundary=" + " " * 5000 + ";",
        "multipart/related; boundary=" + '"' * 5000,
        "multipart/related;" + "a=b;" * 2000,
        "multipart/related; type=" + "type=" * 2000,
        "multipart/related; type=application/dicom; boundary=a; boundary=b",
        'multipart/related; boundary="',
        "application/dicom; boundary=x",
        "application/dicom+json" + " " * 5000 + ";",
    ],
    ids=range(8),
)
def test_content_types_are_read_in_time(http, content_type):
    headers = {"Content-Type": content_type}
    refused(timed(http.post, "/studies", content=b"x" * 100, headers=headers))


def nested(depth):
    item = "{}"
    text = '{"00400275":{"vr":"SQ","Value":[' * depth + item + "]}}" * depth
    return text.encode()


@pytest.mark.parametrize(
    "body",
    [
        lambda: nested(100_000),
        lambda: nested(900),
        lambda: b"[" * 1_000_000,
        lambda: b'{"00100010":{"vr":"PN","Value":[{"Alphabetic":' + b"9" * 1_000_000 + b"}]}}",
        lambda: b'{"00280010":{"vr":"US","Value":[1e999]}}',
        lambda: b'{"00280010":{"vr":"US","Value":["x"]}}',
        lambda: b'{"00280010":{"vr":"??","Value":[1]}}',
        lambda: b'{"zzzzzzzz":{"vr":"US","Value":[1]}}',
        lambda: b'{"00100010":[]}',
        lambda: b'{"00100010":{"vr":"PN","Value":{"a":1}}}',
        lambda: b'{"7FE00010":{"vr":"OW","InlineBinary":"!!!"}}',
        lambda: b'{"7FE00010":{"vr":"OW","BulkDataURI":"file:///etc/passwd"}}',
        lambda: b'{"7FE00010":{"vr":"OW","BulkDataURI":"http://127.0.0.1:1/"}}',
        lambda: b"[null]",
        lambda: b"\xff\xfe\x00",
        lambda: b"",
    ],
    ids=range(16),
)
def test_json_that_is_no_data_set_is_refused(http, body):
    content = body()
    for method, path in (
        ("POST", f"/workitems?{data.fresh()}"),
        ("POST", f"/commitment-requests/{data.fresh()}"),
        ("POST", f"/modality-performed-procedure-steps/{data.fresh()}"),
        ("PUT", f"/workitems/{data.fresh()}/state"),
    ):
        headers = {"Content-Type": JSON}
        refused(timed(http.request, method, path, content=content, headers=headers))
    described = f"--{BOUNDARY}\r\nContent-Type: {JSON}\r\n\r\n".encode() + content
    described += f"\r\n--{BOUNDARY}--\r\n".encode()
    refused(timed(post, http, described, f'multipart/related; type="{JSON}"; boundary={BOUNDARY}'))


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><NativeDicomModel><DicomAttribute tag="00100010" vr="LO"><Value number="1">&j;</Value>'
    b"</DicomAttribute></NativeDicomModel>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><NativeDicomModel>'
    b'<DicomAttribute tag="00100020" vr="LO" keyword="PatientID"><Value number="1">&a;</Value>'
    b"</DicomAttribute></NativeDicomModel>"
)
DEEP = b"<NativeDicomModel>" + b'<DicomAttribute tag="00400275" vr="SQ"><Item number="1">' * 50_000


@pytest.mark.parametrize("body", [LAUGHS, OUTSIDE, DEEP, b"<a", b""], ids=range(5))
def test_xml_that_is_no_data_set_is_refused(http, body):
    content_type = "application/dicom+xml"
    for path in (f"/workitems?{data.fresh()}", f"/commitment-requests/{data.fresh()}"):
        answer = timed(http.post, path, content=body, headers={"Content-Type": content_type})
        assert "root:" not in refused(answer).text
    described = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode() + body
    described += f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f'multipart/related; type="{content_type}"; boundary={BOUNDARY}'
    refused(timed(post, http, described, kind))


# -- instances that are bombs


def stored(http, content):
    return http.post(
        "/studies", content=content, headers={"Content-Type": "application/dicom", "Accept": JSON}
    )


def look_at(http, path):
    """Ask for all that can be made of an instance; each answer is right or a refusal, and soon."""
    for resource in ("/metadata", "/frames/1", "/rendered", "/thumbnail", "/frames/1/rendered",
                     "/pixeldata", "/bulkdata", ""):  # fmt: skip
        refused(timed(http.get, path + resource), 200, 307)
    native = (
        'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
    )
    refused(timed(http.get, path + "/frames/1", headers={"Accept": native}), 200)


def claimed(**attributes):
    """An image that claims to be larger than it is."""
    return data.image(**attributes)


def encapsulated(codestream, syntax, **attributes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return data.image(
            transfer_syntax_uid=syntax, PixelData=encapsulate([codestream]), **attributes
        )


def jpeg(rows, columns):
    """A JPEG whose header claims a size."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "JPEG")
    content = bytearray(out.getvalue())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = rows.to_bytes(2, "big") + columns.to_bytes(2, "big")
    return bytes(content)


def rle(size):
    """An RLE frame of one segment that repeats zeros."""
    body = b"\x81\x00" * (size // 128)
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + body


BIG = {"Rows": 65535, "Columns": 65535}
GREY = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
BOMBS = {
    "a native image of 8 GB that has 2 KB": lambda: claimed(**BIG),
    "two thousand million frames": lambda: claimed(NumberOfFrames="2147483647"),
    "no rows": lambda: claimed(Rows=0, Columns=0),
    "frames of less than nothing": lambda: claimed(NumberOfFrames="-5"),
    "17 samples": lambda: claimed(SamplesPerPixel=17),
    "a pixel of 3 bits": lambda: claimed(BitsAllocated=3),
    "a window that is none": lambda: claimed(WindowCenter=["nan", "1e999"][1], WindowWidth="0"),
    "a JPEG of 65500 by 65500": lambda: encapsulated(
        jpeg(65500, 65500), "1.2.840.10008.1.2.4.50", **GREY, **BIG
    ),
    "a JPEG that is smaller than it says": lambda: encapsulated(
        jpeg(8000, 8000), "1.2.840.10008.1.2.4.50", **GREY
    ),
    "RLE of 25 MB in 400 KB": lambda: encapsulated(
        rle(25 << 20), "1.2.840.10008.1.2.5", **GREY, Rows=5120, Columns=5120
    ),
    "RLE of zeros for a small image": lambda: encapsulated(
        rle(25 << 20), "1.2.840.10008.1.2.5", **GREY
    ),
    "a JPEG 2000 of nothing": lambda: encapsulated(
        b"\xff\x4f\xff\x51\x00\x2f" + b"\xff" * 100, "1.2.840.10008.1.2.4.90", **BIG
    ),
    "a JPEG-LS of nothing": lambda: encapsulated(
        b"\xff\xd8\xff\xf7\x00\x0b\x10\xff\xff\xff\xff\x01\x01\x11\x00", "1.2.840.10008.1.2.4.80", **BIG
    ),
    "no codestream": lambda: encapsulated(b"\0\0", "1.2.840.10008.1.2.4.50"),
    "a palette of nothing": lambda: claimed(
        PhotometricInterpretation="PALETTE COLOR", **GREY, PixelData=bytes(1024)
    ),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_image_that_is_a_bomb_is_shown_as_it_is_or_refused(http, bomb):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = BOMBS[bomb]()
    answer = refused(timed(stored, http, one.content), 200, 202)
    if answer.status_code in (200, 202):
        look_at(http, one.path)


def deflated(one, filler_mib):
    """A deflated file whose data set ends with so many zeros."""
    dataset = one.dataset
    plain = pydicom.Dataset(dataset)
    out = io.BytesIO()
    pydicom.dcmwrite(out, plain, implicit_vr=False, little_endian=True)
    packer = zlib.compressobj(9, wbits=-15)
    length = filler_mib << 20
    filler = b"\x09\x70\x10\x00OB\0\0" + length.to_bytes(4, "little")
    packed = packer.compress(out.getvalue() + filler)
    zeros = bytes(1 << 20)
    packed += b"".join(packer.compress(zeros) for _ in range(filler_mib)) + packer.flush()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    head = io.BytesIO()
    head.write(bytes(128) + b"DICM")
    pydicom.filewriter.write_file_meta_info(head, dataset.file_meta)
    return head.getvalue() + packed + b"\0" * (len(packed) % 2)


def test_a_deflated_data_set_that_unpacks_without_end_takes_no_memory(http):
    one = data.image()
    answer = refused(timed(stored, http, deflated(one, 100)), 200)
    if answer.status_code == 200:
        look_at(http, one.path)


def test_sequences_in_sequences_without_end_are_refused(http):
    content = data.image().content
    item = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    for depth in (500, 50_000):
        at = content.index(b"\x08\x00\x50\x00")
        bomb = content[:at] + item * depth + content[at:]
        refused(timed(stored, http, bomb))


# -- clients that take their time


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /dicom-web/studies HTTP/1.1\r\nX: ",
        b"POST /dicom-web/studies HTTP/1.1\r\nContent-Type: application/dicom\r\nContent-Length: 99\r\n\r\n",
        b"",
    ],
    ids=["head", "body", "answer"],
)
def test_slow_clients_keep_nobody_waiting(attacked, http, image, begun):
    frames = f"/dicom-web{image.path}/frames/{','.join(['1'] * 3000)}"
    begun = begun or f"GET {frames} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    url = urlsplit(attacked.http)
    with contextlib.ExitStack() as all_of_them:
        slow = []
        for _ in range(50):
            connection = socket.create_connection((url.hostname, url.port), timeout=20)
            slow.append(all_of_them.enter_context(connection))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(begun)
        for _ in range(5):
            answer = timed(http.get, "/studies", params={"limit": 1})
            assert answer.status_code == 200
            for connection in slow:
                with contextlib.suppress(OSError):  # one that the server has given up
                    connection.sendall(b"a")


def test_clients_that_leave_in_the_middle_leave_nothing_behind(attacked, http, image):
    before = sorted(attacked.data.rglob("*.dcm"))
    url = urlsplit(attacked.http)
    body = multipart([data.image().content])[:-500]
    head = (f"POST /dicom-web/studies HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: {STOW_TYPE}\r\n"
            f"Content-Length: 999999\r\n\r\n").encode()  # fmt: skip
    for _ in range(30):
        with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
            connection.sendall(head + body)
    deadline = time.monotonic() + 20
    while True:
        names = [p for p in attacked.data.rglob("*") if p.is_file() and "spool" in str(p)]
        if not names:
            break
        assert time.monotonic() < deadline, names
        time.sleep(0.05)
    assert sorted(attacked.data.rglob("*.dcm")) == before
