import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router
from starlette.testclient import TestClient

from hounsfield.dicomweb.requests import base_url
from hounsfield.web.proxies import BehindProxy

FORWARDED = {"Forwarded": "for=192.0.2.60;proto=https;host=pacs.example.org, proto=http;host=inner"}
BEFORE = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pacs.example.org, inner"}


def told(headers: dict[str, str], *, trusted=("127.0.0.0/8",), client="127.0.0.1") -> str:
    """The base address of the service as a request with these headers makes it."""

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(base_url(request))

    app = BehindProxy(Router([Mount("/dicom-web", Router([Route("/x", answer)]))]), trusted)
    with TestClient(app, base_url="http://localhost", client=(client, 4711)) as asking:
        return asking.get("/dicom-web/x", headers=headers).text


@pytest.mark.parametrize("headers", [FORWARDED, BEFORE])
def test_addresses_are_those_of_the_proxy(headers):
    # WEB-10
    assert told(headers) == "https://pacs.example.org/dicom-web"


def test_a_proxy_may_serve_us_below_a_path_of_its_own():
    # WEB-10
    assert (
        told(BEFORE | {"X-Forwarded-Prefix": "/pacs/"}) == "https://pacs.example.org/pacs/dicom-web"
    )


@pytest.mark.parametrize("headers", [FORWARDED, BEFORE])
def test_who_is_not_trusted_is_not_believed(headers):
    # WEB-10
    assert told(headers, trusted=()) == "http://localhost/dicom-web"
    assert told(headers, client="192.0.2.1") == "http://localhost/dicom-web"


@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": 'host="evil.example/x?"'},
        {"Forwarded": "nonsense"},
        {"X-Forwarded-Host": 'evil.example"><script>'},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Prefix": "//evil.example/..%2f<"},
    ],
)
def test_what_could_not_stand_in_an_address_is_not_taken_over(headers):
    assert told(headers) == "http://localhost/dicom-web"
