"""Whether a server answers: a C-ECHO (PS3.4 annex A) and a request to its web server, both real."""

import contextlib
import http.client

from hounsfield.app.listeners import in_url
from hounsfield.errors import HounsfieldError
from hounsfield.settings.model import Settings

_TIMEOUT_S = 10.0


def is_ready(ports: dict[str, int], settings: Settings, probe_ae_title: str) -> bool:
    """Ask each role that has a port."""
    if "http" in ports and not _http_answers(settings.web.host, ports["http"]):
        return False
    return "dimse" not in ports or _dimse_answers(settings, ports["dimse"], probe_ae_title)


def _http_answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/readyz", headers={"Host": f"{in_url(host)}:{port}"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def _dimse_answers(settings: Settings, port: int, probe_ae_title: str) -> bool:
    from hounsfield.dimse.scu.requestor import Target, echo

    # One name for the probe of this start, known to nobody else: it needs no peer to be set.
    target = Target(settings.dimse.host, port, settings.dimse.ae_title, probe_ae_title)
    try:
        return echo(target) == 0
    except HounsfieldError:
        return False
