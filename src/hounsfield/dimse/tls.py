"""DICOM over TLS: contexts made from the site's certificate files, and failures in words (PS3.15 B.12, SEC-01).

The profile is BCP 195 (RFC 9325): TLS 1.2 and 1.3, forward secrecy and authenticated encryption only. The files are
looked at before every handshake, so that new ones count without a restart.
"""

import errno
import functools
import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from hounsfield.errors import Unavailable
from hounsfield.index.site.records import TlsSettings

log = logging.getLogger(__name__)

CERTIFICATE, KEY, CA, CRL = "certificate.pem", "key.pem", "ca.pem", "crl.pem"

# RFC 9325 4.2.1; those of TLS 1.3 are all good, and OpenSSL's own.
_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
    ":ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
)


class TlsNotSetUp(Unavailable):
    """The site has no certificates, or they cannot be used."""


def has_certificates(folder: Path) -> bool:
    """Whether somebody has set TLS up here; also where we may not look: why not is told when the files are used."""
    try:
        return all((folder / name).exists() for name in (CERTIFICATE, KEY, CA))
    except OSError:
        return True


class TlsContexts:
    """The contexts for both roles, made anew when a file changes. May be used from any thread.

    New files that cannot be used are passed over with an error in the log while the ones before still serve.
    """

    def __init__(self, settings: TlsSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._made: dict[bool, ssl.SSLContext] = {}
        self._stamp: dict[bool, tuple[object, ...]] = {}

    def for_server(self) -> ssl.SSLContext:
        """For connections that we accept. Raises TlsNotSetUp."""
        return self._context(is_server=True)

    def for_client(self) -> ssl.SSLContext:
        """For connections that we open. Raises TlsNotSetUp."""
        return self._context(is_server=False)

    def _context(self, *, is_server: bool) -> ssl.SSLContext:
        with self._lock:
            stamp = _stamp(self.settings.folder)
            known = self._made.get(is_server)
            if known is not None and stamp == self._stamp[is_server]:
                return known
            try:
                made = _make(self.settings, is_server=is_server)
            except TlsNotSetUp as problem:
                if known is None:
                    raise
                log.warning(
                    "the certificates were changed, but the ones before stay in use: %s", problem
                )
                made = known
            self._made[is_server], self._stamp[is_server] = made, stamp
            return made


def contexts_of(settings: TlsSettings | None) -> TlsContexts:
    """The contexts of a site; kept, since making one costs as much as a handshake. Raises TlsNotSetUp for None."""
    if settings is None:
        raise TlsNotSetUp("there are no certificates")
    return _kept(settings)


_kept = functools.lru_cache(maxsize=16)(TlsContexts)


def _stamp(folder: Path) -> tuple[object, ...]:
    found: list[object] = []
    for name in (CERTIFICATE, KEY, CA, CRL):
        try:
            state = (folder / name).stat()
        except OSError:
            found.append(None)
        else:
            found.append((state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def _make(settings: TlsSettings, *, is_server: bool) -> ssl.SSLContext:
    folder = settings.folder
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    # B.12: 1.2 and 1.3; OpenSSL takes the highest that both know.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= (
        ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    context.set_ciphers(_CIPHERS)
    if is_server:
        # Each association shows its certificate anew: one that was withdrawn is of no use from then on.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        is_required = settings.requires_client_certificate
        context.verify_mode = ssl.CERT_REQUIRED if is_required else ssl.CERT_OPTIONAL
    else:
        context.check_hostname = settings.checks_names
        context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
        context.load_verify_locations(folder / CA)
        if (folder / CRL).exists():
            context.load_verify_locations(folder / CRL)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    except FileNotFoundError:
        missing = [name for name in (CERTIFICATE, KEY, CA) if not (folder / name).exists()]
        raise TlsNotSetUp(
            f"{', '.join(missing)} in {folder} is missing: `hounsfield tls init` makes certificates,"
            " `hounsfield tls use` takes given ones"
        ) from None
    except ssl.SSLError as problem:
        what = (
            "the key is not that of the certificate"
            if problem.reason == "KEY_VALUES_MISMATCH"
            else f"the files in {folder} are no certificates and key in PEM ({problem.reason or problem})"
        )
        raise TlsNotSetUp(what) from problem
    except OSError as problem:
        raise TlsNotSetUp(f"{problem.filename or folder}: {problem.strerror}") from problem
    return context


# -- failures in words ---------------------------------------------------------------------------------

# X509_V_ERR_… of OpenSSL: which kind of failure, and its words.
_VERIFICATIONS = {
    3: ("crl", "crl.pem here has no list of the authority that signed its certificate"),
    8: ("crl", "the list of revoked certificates in crl.pem here is not signed by its authority"),
    11: ("crl", "the list of revoked certificates in crl.pem here is not valid yet"),
    12: ("crl", "the list of revoked certificates in crl.pem here has expired"),
    9: ("expired", "its certificate is not valid yet: compare the clocks"),
    10: ("expired", "its certificate has expired"),
    18: ("unknown", "its certificate is signed by itself, and ca.pem here does not have it"),
    19: ("unknown", "its certificate is signed by an authority that ca.pem here does not have"),
    20: ("unknown", "its certificate is signed by an authority that ca.pem here does not have"),
    21: ("unknown", "its certificate is signed by an authority that ca.pem here does not have"),
    23: ("revoked", "its certificate has been revoked"),
    24: ("unfit", "its certificate is signed by something that may not sign certificates"),
    26: ("unfit", "its certificate is not meant for this purpose (Extended Key Usage)"),
    62: ("name", "its certificate is for another name"),
    64: ("name", "its certificate is for another address"),
    66: ("unfit", "the key of its certificate is too weak"),
    67: ("unfit", "the key of its authority's certificate is too weak"),
    68: ("unfit", "the signature of its certificate is too weak"),
    79: ("unfit", "its certificate is signed by something that may not sign certificates"),
}
_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": ("none", "it shows no certificate of its own"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": ("refused", "it asks for a certificate of ours"),
    "TLSV1_ALERT_UNKNOWN_CA": (
        "refused",
        "it does not know the authority that signed our certificate",
    ),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("refused", "it does not accept our certificate"),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": ("refused", "it does not accept our certificate"),
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": ("refused", "it cannot use our certificate"),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ("refused", "it says that our certificate has expired"),
    "SSLV3_ALERT_CERTIFICATE_REVOKED": ("refused", "it says that our certificate is revoked"),
    "TLSV1_ALERT_ACCESS_DENIED": ("refused", "it does not let our certificate in"),
    "TLSV1_ALERT_DECRYPT_ERROR": ("refused", "it cannot verify our signature"),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "old",
        "it knows no cipher suite in common, or wants a certificate of ours",
    ),
    "NO_SHARED_CIPHER": ("old", "it knows no cipher suite in common with us"),
    "UNSUPPORTED_PROTOCOL": ("old", "it knows no version of TLS from 1.2 on"),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("old", "it knows no version of TLS in common with us"),
    "HTTP_REQUEST": ("plain", "it speaks HTTP, not TLS"),
}
# What OpenSSL makes of bytes that are no TLS record.
_NOT_TLS = frozenset(
    (
        "WRONG_VERSION_NUMBER",
        "UNKNOWN_PROTOCOL",
        "RECORD_LAYER_FAILURE",
        "PACKET_LENGTH_TOO_LONG",
        "BAD_RECORD_TYPE",
        "UNEXPECTED_MESSAGE",
        "INVALID_MESSAGE_TYPE",
    )
)


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """Why TLS failed: the words say it about the other side, the kind sorts it for the doctor, "" for the rest."""

    kind: str
    text: str


def failure_of(problem: OSError) -> TlsFailure:
    """Say why TLS failed."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        code = problem.verify_code
        return TlsFailure(
            *_VERIFICATIONS.get(code, ("", f"its certificate: {problem.verify_message}"))
        )
    is_gone = isinstance(problem, ssl.SSLEOFError | ConnectionResetError | BrokenPipeError)
    if is_gone or problem.errno == errno.ENOTCONN:
        return TlsFailure("gone", "it closed the connection while TLS was being set up")
    reason = getattr(problem, "reason", None) or ""
    if reason in _NOT_TLS:
        return TlsFailure("plain", "it does not speak TLS")
    return TlsFailure(*_REASONS.get(reason, ("", reason or problem.strerror or str(problem))))
