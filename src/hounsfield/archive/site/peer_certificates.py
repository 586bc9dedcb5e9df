"""Which certificate a peer is tied to: by its SHA-256 fingerprint, or by its subject (RFC 4514)."""

import hashlib
import re
from dataclasses import dataclass

from hounsfield.errors import InvalidQuery

_NOT_HEX = re.compile(r"[\s:]")
_FINGERPRINT = re.compile(r"[0-9A-F]{64}")
# People put spaces behind commas, which RFC 4514 2.1 does not.
_SPACES = re.compile(r"(?<!\\)(,)\s+(?=[\w.]+=)")
_MAX_TEXT = 1024


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """The certificate that somebody showed, as people compare it."""

    sha256: str
    subject: str

    def __str__(self) -> str:
        return f"{self.subject or 'without a subject'}, SHA-256 {self.sha256}"


def shown_certificate(der: bytes) -> ShownCertificate:
    """Read a certificate; one whose subject cannot be read has its fingerprint all the same."""
    from cryptography import x509  # noqa: PLC0415 - only who calls over TLS needs it

    try:
        subject = x509.load_der_x509_certificate(der).subject.rfc4514_string()
    except ValueError:
        subject = ""
    return ShownCertificate(_spread(hashlib.sha256(der).hexdigest()), subject)


def read_tie(text: str) -> str:
    """What a person typed, as it is kept: a fingerprint or a subject, "" for none. Raises InvalidQuery."""
    text = text.strip()
    digits = _NOT_HEX.sub("", text).upper().removeprefix("SHA256").removeprefix("SHA-256")
    if not text or _FINGERPRINT.fullmatch(digits):
        return _spread(digits)
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        plain = _SPACES.sub(r"\1", text[:_MAX_TEXT])
        return x509.Name.from_rfc4514_string(plain).rfc4514_string()
    except ValueError:
        raise InvalidQuery(
            f"{text[:80]!r} is neither the SHA-256 fingerprint of a certificate (64 hexadecimal digits) nor a subject"
            " such as CN=ct2,O=Clinic"
        ) from None


def is_tied_to(tie: str, certificate: ShownCertificate | None) -> bool:
    """Whether a certificate is the one that a peer is tied to; without a tie, any is."""
    return not tie or (certificate is not None and tie in {certificate.sha256, certificate.subject})


def _spread(digits: str) -> str:
    digits = digits.upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
