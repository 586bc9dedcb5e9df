"""Every setting of Hounsfield, its default and what it does: one frozen model.

The descriptions below are the reference: `hounsfield settings --reference` prints them as
docs/reference/settings.md. AE titles follow PS3.5 section 6.2 (value representation AE).
"""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from hounsfield.archive.site.peer_certificates import read_tie
from hounsfield.dimse.config import DimseConfig
from hounsfield.errors import InvalidQuery

AE_TITLE_LENGTH = 16
_DIMSE = DimseConfig()


def default_data_folder(name: str = "hounsfield") -> Path:
    """Where the archive lies when nobody says otherwise: the user's data folder."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / name


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(
            "there are no accounts yet, so it may only listen where this machine alone can reach"
            " it: 127.0.0.1, ::1 or localhost"
        )
    return str(address)


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != text:
        raise ValueError(
            "an origin is scheme, host and port alone, like https://viewer.example.org"
        )
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ValueError("write an address or a network, such as 127.0.0.1 or 10.0.0.0/8") from None


def _ae_title(title: str) -> str:
    title = title.strip(" ")  # PS3.5 6.2: leading and trailing spaces are not significant
    if not 0 < len(title) <= AE_TITLE_LENGTH:
        raise ValueError(f"an AE title has 1 to {AE_TITLE_LENGTH} characters")
    if "\\" in title or not (title.isascii() and title.isprintable()):
        raise ValueError("an AE title is plain ASCII without backslash and control characters")
    return title


def _certificate(text: str) -> str:
    try:
        return read_tie(text)
    except InvalidQuery as problem:
        raise ValueError(str(problem)) from None


LoopbackHost = Annotated[str, AfterValidator(_loopback)]
AETitle = Annotated[str, AfterValidator(_ae_title)]
ListenPort = Annotated[int, Field(ge=0, le=65535)]
Bytes = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class WebSettings(_Group):
    """The web server: browser app, DICOMweb and JSON API."""

    host: LoopbackHost = "127.0.0.1"
    """Address to listen on. Only addresses of this machine itself are accepted."""
    port: ListenPort = 8080
    """TCP port; 0 takes any free one."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """Addresses or networks of reverse proxies that are believed when they say, by Forwarded or X-Forwarded-Proto,
    -Host and -Prefix, how the client reached them. The addresses that DICOMweb answers with are then the proxy's."""
    processes: Annotated[int, Field(ge=0, le=64)] = 0
    """How many processes answer at the same time; 0 takes one for each processor, at most four."""
    access_log: bool = False
    """Whether each HTTP request writes a line to the log."""


class PeerSettings(_Group):
    """A remote system, known under the name of its table."""

    ae_title: AETitle
    """The peer's AE title."""
    host: Annotated[str, Field(min_length=1)] | None = None
    """The address, network or name it calls from and listens at; without it, it may call from
    anywhere that can reach us, but nothing can be sent to it."""
    port: Annotated[int, Field(ge=1, le=65535)] = 104
    """Where it listens."""
    tls: bool = False
    """Whether we speak TLS when we call it."""
    tls_only: bool = False
    """Whether it may call us over TLS only."""
    certificate: Annotated[str, AfterValidator(_certificate)] = ""
    """The SHA-256 fingerprint or the subject (`CN=ct2,O=Clinic`) of the certificate that it must show when it calls;
    it may call over TLS only then, and nobody else with that certificate."""


class DimseSettings(_Group):
    """The DICOM network."""

    host: LoopbackHost = "127.0.0.1"
    """Address to listen on. Only addresses of this machine itself are accepted."""
    port: ListenPort = 11112
    """TCP port; 0 takes any free one."""
    tls_port: ListenPort = 2762
    """TCP port for DICOM over TLS; 0 takes any free one. It is served as soon as there are certificates in
    `tls` in the data folder: `hounsfield tls` puts them there."""
    tls_client_certificates: Literal["require", "accept"] = "require"
    """Whether who calls over TLS must show a certificate, signed by one of those in `tls/ca.pem`. With `accept` it
    may do without; one that it shows must be good all the same."""
    tls_check_names: bool = True
    """Whether the certificate of a peer that we call over TLS must be for the host that the peer has here."""
    ae_title: AETitle = "HOUNSFIELD"
    """Our AE title: what peers call, and what we call ourselves when we send."""
    called_ae_titles: tuple[AETitle, ...] = ()
    """Further AE titles that peers may call us by; `*` stands for any."""
    unknown_peers: Literal["refuse", "accept"] = "refuse"
    """Whether a calling AE title that is no peer below gets an association. `accept` counts for
    connections from this machine only."""
    peers: dict[str, PeerSettings] = {}
    """The remote systems we know, by a name of your choice: `[dimse.peers.NAME]` with `ae_title`,
    `host` and `port`. They may send to us, and `hounsfield send` and `echo` take the name."""
    worklist_only_own_station: bool = False
    """Whether a scanner sees only those items of the modality worklist whose station AE title it calls
    with. By default it sees all that match what it asks for."""
    worklist_keeps_started: bool = True
    """Whether items whose work has begun stay in the modality worklist until it ends; otherwise they leave
    it as soon as a scanner reports that it began (MPPS), or images come."""
    unknown_sop_classes: Literal["accept", "refuse"] = "accept"
    """Whether to store instances of SOP classes that the standard does not know, private ones."""
    processes: Annotated[int, Field(ge=0, le=64)] = 0
    """How many processes receive at the same time; 0 takes one for each processor, at most four."""
    max_associations: Count = _DIMSE.max_associations
    """How many associations there may be at a time."""
    max_associations_by_peer: Count = _DIMSE.max_associations_by_peer
    """How many of them one peer may have."""
    max_pdu_bytes: Annotated[int, Field(ge=4096, le=1 << 24)] = _DIMSE.max_pdu_bytes
    """What we announce as the longest PDU we take."""
    artim_s: Seconds = _DIMSE.times.artim_s
    """How long a caller may take to ask for an association, and to close it after its end."""
    pdu_s: Seconds = _DIMSE.times.pdu_s
    """How long a peer may fall silent inside a message."""
    idle_s: Seconds = _DIMSE.times.idle_s
    """How long an association may lie idle between two messages."""
    minimum_bytes_per_s: Count = _DIMSE.times.minimum_bytes_per_s
    """The slowest peer that is served, counted over a message."""


class DicomWebSettings(_Group):
    """DICOMweb: how other programs reach the archive over HTTP."""

    delete: Literal["refuse", "allow"] = "refuse"
    """Whether clients may delete studies, series and instances with HTTP's DELETE. What is deleted goes to the trash.
    (People delete studies in the app, whatever stands here.)"""
    trash_days: Seconds = 30.0
    """How long what was deleted can be restored; then it is removed for good."""
    allowed_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    """Other web sites whose pages may use DICOMweb here (CORS), such as `https://viewer.example.org`: whoever opens
    them on this machine gives them everything that the archive holds. By default none may."""


class PixelSettings(_Group):
    """Decoding and drawing of pixels, in processes of their own."""

    processes: Annotated[int, Field(ge=0, le=64)] = 0
    """How many processes decode and draw at the same time for each process of the server; 0 takes one for each
    processor, at most four. They are started when there is work, and end when there was none for a minute."""
    memory_bytes: Annotated[int, Field(ge=256 << 20)] = 3 << 30
    """How much memory each of them may take. An image that needs more is refused, and nothing else suffers."""
    thumbnails_bytes: Bytes = 1 << 30
    """How much disk the thumbnails kept in `derived` in the data folder may take. They can be deleted at any time."""
    quick_copies_bytes: Bytes = 0
    """How much disk copies in HTJ2K may take that are made in the background of images in JPEG lossless, JPEG 2000 and
    JPEG XL, which browsers decode slowly. Grey images only; what is stored stays as it is. 0 makes none."""


class JobSettings(_Group):
    """Work in the background: sending to peers, retrieving from them, and the like."""

    parallel: Annotated[int, Field(ge=1, le=64)] = 16
    """How many jobs are carried out at the same time; how many of them for one peer, its `max_parallel` says."""
    first_retry_s: Seconds = 5.0
    """How long to wait when a peer does not answer; twice as long after each further time."""
    longest_retry_s: Seconds = 1800.0
    """How long to wait at most."""
    keep_days: Seconds = 90.0
    """How long jobs that have ended are kept, with what they sent."""


class WorkItemSettings(_Group):
    """The unified worklist (UPS)."""

    keep_days: Seconds = 90.0
    """How long work items that are completed or canceled are kept; one that a peer has under its deletion lock is
    kept longer."""


class LogSettings(_Group):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which severity on. Patient data is written at `debug` only."""
    format: Literal["text", "json"] = "text"
    """One line an event: `text` for people, `json` for machines."""


class Settings(_Group):
    """The archive as a whole."""

    data: Path = Field(default_factory=default_data_folder)
    """The data folder: received objects, the index and, if there is one, `hounsfield.toml`. The
    default is `hounsfield` in the user's data folder (`$XDG_DATA_HOME`, else `~/.local/share`)."""
    duplicates: Literal["keep-both", "replace", "keep-first"] = "keep-both"
    """What happens when a SOP Instance UID arrives again with *other* content: both are kept as
    versions and flagged, the newest is shown, or the later one is refused. (The same content again
    is always a success that changes nothing.)"""
    complete_after_s: Seconds = 5.0
    """A study counts as complete when nothing has arrived for it for so long."""
    incomplete_after_s: Seconds = 1800.0
    """The same for a study of which a scanner's performed procedure step (MPPS) is still in progress, or says
    that there are more instances than have come. With all of them here it is complete at once."""
    reserve_bytes: Bytes = 1 << 30
    """So much of the disk stays free; objects are refused before it is used."""
    max_object_bytes: Count = 64 << 30
    """The largest object that is accepted."""
    web: WebSettings = WebSettings()
    dimse: DimseSettings = DimseSettings()
    dicomweb: DicomWebSettings = DicomWebSettings()
    pixels: PixelSettings = PixelSettings()
    jobs: JobSettings = JobSettings()
    work_items: WorkItemSettings = WorkItemSettings()
    log: LogSettings = LogSettings()


class Setting(BaseModel):
    """One line of the reference: a setting that is a value, not a group."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    key: str
    field: FieldInfo
    group: type[BaseModel]

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return "HOUNSFIELD_" + self.key.upper().replace(".", "_")


def settings_of(group: type[BaseModel] = Settings, prefix: str = "") -> Iterator[Setting]:
    """All settings, those of the top level first, in the order of the model."""
    for name, field in group.model_fields.items():
        if is_group(field.annotation):
            yield from settings_of(field.annotation, f"{prefix}{name}.")
        else:
            yield Setting(key=prefix + name, field=field, group=group)


def is_group(annotation: Any) -> TypeGuard[type[BaseModel]]:
    """Whether a field's type is a table of settings rather than a value."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def value_of(settings: Settings, key: str) -> Any:
    """The value under a dotted key."""
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value
