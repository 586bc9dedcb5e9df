"""The statement's part on what can be set, on texts and on security (PS3.2 N.5 to N.8)."""

from collections.abc import Iterator

from hounsfield.app.conformance.markdown import table
from hounsfield.dicom.charset import SUPPORTED_TERMS
from hounsfield.index.site.records import RIGHTS
from hounsfield.settings.model import Settings, settings_of, value_of


def sections(settings: Settings) -> Iterator[str]:
    """Network, settings, character sets and security."""
    yield f"""\
## Network and configuration

TCP over IPv4 and IPv6. The DICOM port is {settings.dimse.port} (`dimse.port`), for incoming and none other; outgoing
associations go to the address and port that a peer has. Host names are looked up when a peer is saved and from time to
time, never while a caller waits. Peers are managed in the app, by the API and by `hounsfield peer`: AE title, address,
port, rights ({", ".join(RIGHTS)}), TLS, preferred transfer syntaxes, character set, parallel jobs.
"""
    rows = (
        (f"`{setting.key}`", f"`{value_of(settings, setting.key)}`", setting.field.description or "")
        for setting in settings_of()
        if setting.key.startswith("dimse.") and setting.key != "dimse.peers"
    )  # fmt: skip
    yield table(("setting", "value", "what it does"), rows)
    yield """\
## Character sets

Texts are decoded by Specific Character Set for search and display, code extensions (ISO 2022) included; what is stored
stays as it is. Wrong or missing terms are read as well as can be.
"""
    yield table(("defined term",), ((f"`{term}`",) for term in SUPPORTED_TERMS))
    yield """\
## Security

Unknown calling AE titles are refused, and the server listens on loopback addresses only until accounts exist. DICOM TLS
follows PS3.15 B.12 (BCP 195): TLS 1.3 preferred, 1.2 accepted, mutual authentication by certificates, on a port of its
own, which the first certificates open. Lists of revoked certificates (RFC 5280) are held to where they are given. A peer
may be held to TLS, and tied to one certificate, with which nobody else may call; who is refused for that is answered
rejected-permanent, service-user, no-reason-given. Each association leaves a record of who called, what was negotiated, the messages and the outcome.

## Media

No media storage service class (PS3.10, DICOMDIR) is offered yet. Files are imported from any folder or ZIP archive, a
DICOMDIR is passed over.
"""
