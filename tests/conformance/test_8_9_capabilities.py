"""PS3.18 8.9 Retrieve Capabilities Transaction and Annex H."""

from xml.etree import ElementTree as ET

import pytest

SECTION = "8.9 Capabilities"
WADL = "{http://wadl.dev.java.net/2009/02}"


@pytest.fixture(scope="module")
def description(target):
    for path in ("/", ""):
        answer = target.request("OPTIONS", path, "application/vnd.sun.wadl+xml, application/xml")
        if answer.status_code == 200 and answer.content:
            break
    if not answer.content:
        target.not_offered("OPTIONS has no body")
    target.expect(answer, 200)
    return ET.fromstring(answer.content)


def test_the_base_uri_answers_options_with_a_wadl_document(target, description):
    # WEB-08
    assert description.tag == f"{WADL}application"
    (resources,) = description.findall(f"{WADL}resources")
    assert resources.get("base", "").rstrip("/") == target.base


def paths(node, above=""):
    for child in node.findall(f"{WADL}resource"):
        path = above + "/" + child.get("path", "").strip("/")
        yield path, {method.get("name") for method in child.findall(f"{WADL}method")}
        yield from paths(child, path)


def test_the_description_names_the_resources_and_their_methods(description):
    # WEB-08, table H-1
    found = dict(paths(description.find(f"{WADL}resources")))
    assert {"GET", "POST"} <= found["/studies"]
    flat = " ".join(found)
    for word in ("series", "instances", "metadata", "frames", "rendered", "thumbnail", "bulkdata"):
        assert word in flat, word


def test_a_preflight_of_a_browser_is_no_such_request(target):
    # WEB-08: coexists with CORS (Fetch Standard 3.2.2), which the standard leaves to the server
    headers = {
        "Origin": "https://viewer.example.org",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "accept",
    }
    answer = target.request("OPTIONS", "/studies", None, headers=headers)
    assert answer.status_code < 500
    if not target.is_ours and answer.status_code >= 400:
        target.not_offered("no answer to a preflight")
    assert "wadl" not in answer.headers.get("content-type", "")
    # whoever has allowed nobody refuses
    assert answer.headers.get("access-control-allow-origin") or answer.status_code == 403
