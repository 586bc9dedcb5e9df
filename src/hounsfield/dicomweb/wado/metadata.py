"""Metadata of studies, series and instances (PS3.18 10.4.1.1.2): prepared once, and then hardly more than sent."""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Sequence

import zstandard
from starlette.requests import Request
from starlette.responses import Response

from hounsfield.archive.access import Principal
from hounsfield.archive.forms.views import View
from hounsfield.archive.retrieve import BASE_URL, Retrieve
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.requests import (
    base_url,
    briefly,
    in_thread,
    is_current,
    principal_of,
    uids_of,
)
from hounsfield.dicomweb.wado import instances as wado
from hounsfield.dicomweb.wado.representations import XML, choose_representation, dataset_list
from hounsfield.errors import InvalidQuery

_KEPT_BYTES = 64 << 20
_WORTH_PACKING_BYTES = 4096
_SEPARATOR = b",\n"


def view_of(request: Request) -> View:
    """Which view is asked for: ``view=received`` is ours, everybody else gets the corrected one."""
    try:
        return View(request.query_params.get("view", View.CORRECTED))
    except ValueError:
        raise InvalidQuery(f"view is {' or '.join(View)}") from None


class MetadataAnswers:
    """Answers for metadata; what was asked for last is kept as it goes to the socket."""

    def __init__(self, retrieve: Retrieve) -> None:
        self._retrieve = retrieve
        self._kept: OrderedDict[tuple[str, str], tuple[str, bytes]] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    async def answer(self, request: Request) -> Response:
        """Metadata in JSON or XML, with a tag by which it need not be sent again (WEB-11)."""
        representation = choose_representation(accepted(request))
        view, coding = view_of(request), _coding_of(request)
        if representation == XML:
            datasets = await in_thread(self._datasets, request, view)
            return await dataset_list(XML, datasets)
        response = await briefly(self._at_hand, request, view, coding)
        if response is None:
            response = await in_thread(self._made, request, view, coding)
        response.headers["Content-Type"] = representation
        return response

    def _at_hand(self, request: Request, view: View, coding: str) -> Response | None:
        """The answer if nothing has to be made for it."""
        study, series, sop = uids_of(request)
        if series is None or sop is not None:
            return None
        tag = self._tag(request, study, series, sop, view)
        if is_current(request, tag):
            return Response(status_code=304, headers=_headers(tag, coding))
        with self._lock:
            kept = self._kept.get((tag, coding))
            if kept is None:
                return None
            self._kept.move_to_end((tag, coding))
        packed_as, body = kept
        return Response(body, headers=_headers(tag, packed_as))

    def _made(self, request: Request, view: View, coding: str) -> Response:
        study, series, sop = uids_of(request)
        tag = self._tag(request, study, series, sop, view)
        if is_current(request, tag):
            return Response(status_code=304, headers=_headers(tag, coding))
        datasets = self._datasets(request, view)
        body = b"[" + _SEPARATOR.join(datasets) + b"]"
        packed_as = coding if len(body) >= _WORTH_PACKING_BYTES else ""
        body = _packed(body, packed_as)
        if series is not None and sop is None:
            self._keep((tag, coding), packed_as, body)
        return Response(body, headers=_headers(tag, packed_as))

    def _tag(
        self, request: Request, study: str, series: str | None, sop: str | None, view: View
    ) -> str:
        """A weak tag: the same for all codings."""
        principal, base = principal_of(request), base_url(request)
        if series is not None and sop is None:
            state: Sequence[object] = (self._retrieve.revision(study, series),)
        else:
            found = self._retrieve.locate(principal, study, series, sop)
            state = [one.sha256 for one in found]
        return "W/" + wado.etag("metadata", study, series, sop, view, base, *state)

    def _datasets(self, request: Request, view: View) -> list[bytes]:
        principal, (study, series, sop) = principal_of(request), uids_of(request)
        found = self._of(principal, study, series, sop, view)
        placeholder, base = f'"{BASE_URL}/'.encode(), f'"{base_url(request)}/'.encode()
        return [one.replace(placeholder, base) for one in found]

    def _of(
        self, principal: Principal, study: str, series: str | None, sop: str | None, view: View
    ) -> list[bytes]:
        if sop is not None:
            found = self._retrieve.locate(principal, study, series, sop)
            return [self._retrieve.instance_metadata(found[0], view)]
        if series is not None:
            return self._retrieve.series_datasets(principal, study, series, view)
        locations = self._retrieve.locate(principal, study)
        all_series = dict.fromkeys(location.series_instance_uid for location in locations)
        return [
            dataset
            for one in all_series
            for dataset in self._retrieve.series_datasets(principal, study, one, view)
        ]

    def _keep(self, key: tuple[str, str], packed_as: str, body: bytes) -> None:
        if len(body) > _KEPT_BYTES // 4:
            return
        with self._lock:
            _, before = self._kept.pop(key, ("", b""))
            self._kept_bytes += len(body) - len(before)
            self._kept[key] = (packed_as, body)
            while self._kept_bytes > _KEPT_BYTES:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._kept_bytes -= len(dropped)


def _coding_of(request: Request) -> str:
    """Zstd or gzip, if the client takes it (RFC 9110 12.5.3); identity, which is "", otherwise."""
    offered = {}
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, parameters = part.partition(";")
        quality = parameters.replace(" ", "").removeprefix("q=") or "1"
        offered[name.strip()] = quality.strip("0.") != ""
    return next((name for name in ("zstd", "gzip") if offered.get(name)), "")


def _packed(body: bytes, coding: str) -> bytes:
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return gzip.compress(body, 5, mtime=0) if coding == "gzip" else body


def _headers(tag: str, coding: str) -> dict[str, str]:
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Encoding",
    }
    return headers | {"Content-Encoding": coding} if coding else headers
