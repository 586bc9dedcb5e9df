"""The certificates of DICOM TLS: made for tests and small sites, taken over from given files, and looked at.

A made authority signs our certificate and those of peers. All of it lies in `tls` in the data folder; private keys
are for the owner's eyes only.
"""

import contextlib
import datetime as dt
import ipaddress
import os
import socket
import ssl
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hounsfield.dimse.tls import CA, CERTIFICATE, CRL, KEY
from hounsfield.errors import Conflict, InvalidQuery, NotFound

CA_KEY, ISSUED = "ca-key.pem", "issued"
KEY_SUFFIX = "-key"
AUTHORITY_DAYS, CERTIFICATE_DAYS = 3652, 825
_SKEW = dt.timedelta(hours=1)
_SOON = dt.timedelta(days=30)
_MAX_NAME = 64  # RFC 5280 ub-common-name
_READABLE, _PRIVATE = 0o644, 0o600


@dataclass(frozen=True, slots=True)
class Shown:
    """One certificate, for people to look at."""

    file: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: dt.datetime
    not_after: dt.datetime
    sha256: str
    is_authority: bool

    @property
    def state(self) -> str:
        """Whether it is good by the clock."""
        now = dt.datetime.now(dt.UTC)
        if now < self.not_before:
            return "not valid yet"
        if now > self.not_after:
            return "expired"
        return "expires soon" if now > self.not_after - _SOON else "valid"


def initialise(folder: Path, names: Sequence[str], *, is_forced: bool = False) -> None:
    """Make an authority and our certificate, for these host names and addresses. Raises Conflict, InvalidQuery.

    The certificate serves in both roles: peers see it when they call us and when we call them.
    """
    if not is_forced and any((folder / name).exists() for name in (CERTIFICATE, KEY, CA)):
        raise Conflict(f"there are certificates in {folder} already; --force makes new ones")
    alternatives = _alternatives(names)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    # Lists of revoked certificates are of the authority before, and this one's peers would be held to them.
    (folder / CRL).unlink(missing_ok=True)
    title = f"Hounsfield authority {os.urandom(3).hex()}"
    authority = _authority(title, authority_key)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(names[0], key, alternatives, authority, authority_key)
    write(folder / CA_KEY, _key_pem(authority_key), _PRIVATE)
    write(folder / CA, _pem(authority), _READABLE)
    write(folder / KEY, _key_pem(key), _PRIVATE)
    write(folder / CERTIFICATE, _pem(certificate), _READABLE)


def issue(
    folder: Path, name: str, hosts: Sequence[str] = (), *, days: float = CERTIFICATE_DAYS
) -> tuple[Path, Path, Path]:
    """Make a certificate and key for a peer; gives their files, and that of the authority to be taken along.

    Raises NotFound where the authority is not one that we made, InvalidQuery.
    """
    if not name or name != Path(name).name or name.startswith(".") or len(name) > _MAX_NAME:
        raise InvalidQuery(f"{name!r} cannot be the name of a file")
    if name.endswith(KEY_SUFFIX):
        raise InvalidQuery(f"{name!r} would take the file of another one's key: choose another end")
    try:
        authority = x509.load_pem_x509_certificate((folder / CA).read_bytes())
        authority_key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    except FileNotFoundError:
        raise NotFound(
            f"there is no authority of ours in {folder}: `hounsfield tls init` makes one, and with given"
            " certificates whoever gave them issues more"
        ) from None
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(
        name, key, _alternatives(hosts or (name,)), authority, authority_key, days
    )
    issued = folder / ISSUED
    issued.mkdir(exist_ok=True)
    issued.chmod(0o700)
    certificate_file, key_file = issued / f"{name}.pem", issued / f"{name}{KEY_SUFFIX}.pem"
    write(key_file, _key_pem(key), _PRIVATE)
    write(certificate_file, _pem(certificate), _READABLE)
    return certificate_file, key_file, folder / CA


def use(folder: Path, certificate: Path, key: Path, authorities: Iterable[Path]) -> None:
    """Take given files over, after a look at whether they belong together. Raises InvalidQuery.

    A server that runs takes them for its next connection.
    """
    key_bytes = key.read_bytes()
    chain = certificate.read_bytes()
    trusted = b"\n".join(one.read_bytes().strip() for one in authorities) + b"\n"
    _require_match(certificate, chain, key, key_bytes, trusted)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    # An authority of ours signs nothing any more that its peers would trust.
    (folder / CA_KEY).unlink(missing_ok=True)
    write(folder / CA, trusted, _READABLE)
    write(folder / KEY, key_bytes, _PRIVATE)
    write(folder / CERTIFICATE, chain, _READABLE)


def show(folder: Path) -> list[Shown]:
    """All certificates there are: ours with its chain, those we trust, those we issued. Raises NotFound."""
    files = [folder / CERTIFICATE, folder / CA]
    files += sorted(
        one for one in (folder / ISSUED).glob("*.pem") if not one.name.endswith("-key.pem")
    )
    found = [_shown(file, one, folder) for file in files if file.exists() for one in _all(file)]
    if not found:
        raise NotFound(f"there are no certificates in {folder}; `hounsfield tls init` makes some")
    return found


def own_names() -> list[str]:
    """What this machine is called, most likely, for a certificate that names it."""
    names = [socket.gethostname() or "localhost", "localhost", "127.0.0.1", "::1"]
    return list(dict.fromkeys(names))


# -- making --------------------------------------------------------------------------------------------


def _authority(title: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name(title)
    usage = _usage(signs_certificates=True)
    public = key.public_key()
    return (
        _builder(name, name, key, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _signed(
    title: str,
    key: ec.EllipticCurvePrivateKey,
    alternatives: x509.SubjectAlternativeName,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    days: float = CERTIFICATE_DAYS,
) -> x509.Certificate:
    both_roles = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    issuer_key = authority_key.public_key()
    return (
        _builder(_name(title), authority.subject, key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both_roles), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _name(title: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title[:_MAX_NAME])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> x509.SubjectAlternativeName:
    if not names:
        raise InvalidQuery("a certificate needs a host name or address")
    general: list[x509.GeneralName] = []
    for name in names:
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            try:
                general.append(x509.DNSName(name))
            except ValueError:
                raise InvalidQuery(f"{name!r} is no host name: plain ASCII is needed") from None
    return x509.SubjectAlternativeName(general)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write(file: Path, content: bytes, mode: int = _READABLE) -> None:
    """Replace a file in one step; it never exists with more rights than `mode`."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(descriptor, mode)
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    scratch.replace(file)


# -- given files ---------------------------------------------------------------------------------------


def _require_match(
    certificate: Path, chain: bytes, key: Path, key_bytes: bytes, trusted: bytes
) -> None:
    for file, content in ((certificate, chain), (None, trusted)):
        try:
            x509.load_pem_x509_certificates(content)
        except ValueError:
            raise InvalidQuery(
                f"{file or 'a file of authorities'} is no certificate in PEM"
            ) from None
    try:
        serialization.load_pem_private_key(key_bytes, None)
    except TypeError:
        raise InvalidQuery(f"{key} has a passphrase; store it without one") from None
    except ValueError:
        raise InvalidQuery(f"{key} is no private key in PEM") from None
    with tempfile.TemporaryDirectory() as folder:
        chain_file, key_file = Path(folder) / CERTIFICATE, Path(folder) / KEY
        write(key_file, key_bytes, _PRIVATE)
        write(chain_file, chain, _PRIVATE)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain_file, key_file)
        except ssl.SSLError as problem:
            raise InvalidQuery(
                f"{key} is not the key of {certificate}"
                if problem.reason == "KEY_VALUES_MISMATCH"
                else f"OpenSSL does not take {certificate}: {problem.reason or problem}"
            ) from None


def _all(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        raise InvalidQuery(f"{file} is no certificate in PEM") from None


def _shown(file: Path, certificate: x509.Certificate, folder: Path) -> Shown:
    names: tuple[str, ...] = ()
    is_authority = False
    with contextlib.suppress(x509.ExtensionNotFound):
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(str(one.value) for one in found)
    with contextlib.suppress(x509.ExtensionNotFound):
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        is_authority = basic.ca
    return Shown(
        str(file.relative_to(folder)),
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        names,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        is_authority,
    )
