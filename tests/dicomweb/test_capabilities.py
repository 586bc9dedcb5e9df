"""Retrieve Capabilities and cross-origin requests: both are OPTIONS, and do not get in each other's way."""

import xml.etree.ElementTree as ET

import pytest
from starlette.websockets import WebSocketDisconnect
from tests.dicom.samples import make_file
from tests.dicomweb.conftest import open_site

from hounsfield.dicomweb.parts import DicomWebPolicy

BASE = "/dicom-web"
VIEWER = "https://viewer.example.org"
WADL = "{http://wadl.dev.java.net/2009/02}"
PREFLIGHT = {
    "Origin": VIEWER,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


@pytest.fixture
def shared(tmp_path):
    with open_site(tmp_path, policy=DicomWebPolicy(allowed_origins=(VIEWER,))) as opened:
        yield opened


@pytest.mark.parametrize("path", ["", "/"])
def test_the_base_tells_of_all_resources_as_wadl(site, path):
    # WEB-08
    answer = site.client.options(BASE + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.sun.wadl+xml"
    root = ET.fromstring(answer.text)
    (resources,) = root
    assert resources.get("base").endswith("/dicom-web/")
    found = {
        (one.get("path"), method.get("name"))
        for one in resources
        for method in one.iter(f"{WADL}method")
    }
    for known in (
        ("studies", "GET"),
        ("studies", "POST"),
        ("studies/{study}", "DELETE"),
        ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "GET"),
        ("workitems/{workitem}/state", "PUT"),
        ("subscribers/{aetitle}", "GET"),
        ("commitment-requests/{transaction}", "POST"),
        ("modality-scheduled-procedure-steps", "GET"),
        ("modality-performed-procedure-steps/{mpps}", "POST"),
    ):
        assert known in found
    search = next(one for one in resources if one.get("path") == "studies")
    assert "fuzzymatching" in {param.get("name") for param in search.iter(f"{WADL}param")}


def test_the_same_as_json_for_those_who_prefer_it(site):
    # WEB-03, WEB-08
    told = site.client.options(f"{BASE}/", headers={"Accept": "application/json"}).json()
    paths = {one["path"] for one in told["resources"]}
    assert {"/studies", "/workitems", "/studies/{study}/metadata"} <= paths
    search = next(one for one in told["resources"] if one["path"] == "/studies")
    assert {one["name"] for one in search["methods"]} == {"GET", "POST"}
    for one in told["resources"]:
        for method in one["methods"]:
            assert method["description"], one["path"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/studies", "GET, HEAD, OPTIONS, POST"),
        ("/studies/1.2.3", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/workitems/1.2.3", "GET, HEAD, OPTIONS, POST"),
        ("/workitems/1.2.3/state", "OPTIONS, PUT"),
    ],
)
def test_a_resource_tells_what_can_be_done_with_it(site, path, allowed):
    # WEB-08
    answer = site.client.options(BASE + path)
    assert (answer.status_code, answer.headers["Allow"]) == (200, allowed)
    paths = {one.get("path") for one in ET.fromstring(answer.text).iter(f"{WADL}resource")}
    assert len(paths) == 1


def test_what_is_no_resource_has_no_capabilities(site):
    assert site.client.options(f"{BASE}/nonsense").status_code == 404
    assert site.client.options(f"{BASE}/", headers={"Accept": "image/png"}).status_code == 406


def test_a_method_that_a_resource_does_not_have_is_405_and_what_is_no_resource_is_404(site):
    # WEB-09, RFC 9110 15.5.6
    answer = site.client.request("PATCH", "/dicom-web/studies")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    for method in ("GET", "POST", "PATCH"):
        answer = site.client.request(method, "/dicom-web/nothing/of/this/name")
        assert answer.status_code == 404
        assert answer.json()["detail"]


def test_a_page_of_another_site_may_do_nothing_by_default(site):
    site.put(make_file())
    answer = site.client.options(f"{BASE}/studies", headers=PREFLIGHT)
    assert answer.status_code == 403
    assert "dicomweb.allowed_origins" in answer.json()["detail"]
    read = site.client.get(f"{BASE}/studies", headers={"Origin": VIEWER})
    assert "access-control-allow-origin" not in read.headers
    assert site.client.post(f"{BASE}/studies", headers={"Origin": VIEWER}).status_code == 403


def test_a_page_of_a_site_that_is_allowed_may_use_dicomweb_and_nothing_else(shared):
    shared.put(make_file())
    answer = shared.client.options(f"{BASE}/studies", headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == VIEWER
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "content-type"
    read = shared.client.get(f"{BASE}/studies", headers={"Origin": VIEWER})
    assert read.headers["access-control-allow-origin"] == VIEWER
    assert "Warning" in read.headers["access-control-expose-headers"]
    capable = shared.client.options(f"{BASE}/studies", headers={"Origin": VIEWER})
    assert capable.headers["content-type"] == "application/vnd.sun.wadl+xml"
    stored = shared.client.post(
        f"{BASE}/studies",
        content=make_file(SOPInstanceUID="1.2.3.5"),
        headers={"Origin": VIEWER, "Content-Type": "application/dicom"},
    )
    assert stored.status_code == 200
    assert shared.client.delete("/api/studies/1.2.3", headers={"Origin": VIEWER}).status_code == 403
    other = {**PREFLIGHT, "Origin": "https://evil.example.org"}
    assert shared.client.options(f"{BASE}/studies", headers=other).status_code == 403


def test_event_channels_are_for_pages_of_sites_that_are_allowed(shared):
    path, host = f"{BASE}/subscribers/VIEWER", {"host": "127.0.0.1"}
    with shared.client.websocket_connect(path, headers={**host, "origin": VIEWER}):
        pass
    evil = {**host, "origin": "https://evil.example.org"}
    with (
        pytest.raises(WebSocketDisconnect),
        shared.client.websocket_connect(path, headers=evil),
    ):
        pass
