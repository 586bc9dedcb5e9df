"""Which certificates do not count any more: lists of authorities taken over, and one of our own (RFC 5280 5).

Where `crl.pem` lies beside `ca.pem`, OpenSSL wants a list of every authority that signed what a peer shows.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hounsfield.app import certificates
from hounsfield.app.certificates import CA_KEY, ISSUED, KEY_SUFFIX
from hounsfield.dimse.tls import CA, CRL
from hounsfield.errors import Conflict, InvalidQuery, NotFound

_BEGIN = b"-----BEGIN X509 CRL-----"
_SKEW = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShownList:
    """One list of revoked certificates, for people to look at."""

    issuer: str
    number_revoked: int
    next_update: dt.datetime | None

    @property
    def is_expired(self) -> bool:
        """Whether nobody is let in any more whose authority made it."""
        return self.next_update is not None and dt.datetime.now(dt.UTC) > self.next_update


def use_lists(folder: Path, files: Iterable[Path]) -> list[ShownList]:
    """Take lists over, in PEM or DER, in place of those there; each must be signed by an authority of `ca.pem`.

    A server that runs takes them for its next connection. Raises InvalidQuery, NotFound.
    """
    found = _checked(files, _authorities(folder))
    _keep(folder, found)
    return [_shown(one) for one in found]


def use(
    folder: Path,
    certificate: Path,
    key: Path,
    authorities: Sequence[Path],
    files: Sequence[Path] = (),
) -> None:
    """Take given certificates over, with the lists of their authorities. Raises InvalidQuery, Conflict.

    Without lists those there stay; where they are of other authorities that is refused.
    """
    trusted = [one for file in authorities for one in _certificates(file)]
    found = _checked(files, trusted) if files else []
    if not files:
        for one in _kept(folder):
            if not any(_is_by(one, authority) for authority in trusted):
                raise Conflict(
                    f"{folder / CRL} has a list of {one.issuer.rfc4514_string()}, which is not among these"
                    " authorities: give the lists of the new ones with --crl, or remove the file first"
                )
    certificates.use(folder, certificate, key, authorities)
    if found:
        _keep(folder, found)


def without_list(folder: Path) -> list[str]:
    """The authorities whose certificates are refused now, since lists are in use and none is theirs."""
    made = _kept(folder)
    return [
        authority.subject.rfc4514_string()
        for authority in (_authorities(folder) if made else ())
        if not any(_is_by(one, authority) for one in made)
    ]


def revoke(folder: Path, name: str) -> str:
    """Withdraw a certificate that `issue` made, by its name; gives its fingerprint. Raises NotFound, Conflict."""
    if not (folder / CA_KEY).exists():
        raise NotFound(
            f"there is no authority of ours in {folder}: who gave the certificate withdraws it, and"
            " `hounsfield tls crl` takes their list over"
        )
    authority_key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    authority = _authorities(folder)[0]
    file = folder / ISSUED / f"{name}.pem"
    if Path(name).name != name or name.endswith(KEY_SUFFIX) or not file.exists():
        raise NotFound(f"no certificate {name!r} was issued here; `hounsfield tls show` lists them")
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    kept = _kept(folder)
    before = [one for one in kept if _is_by(one, authority)]
    revoked = {one.serial_number: one for made in before for one in made}
    if certificate.serial_number in revoked:
        raise Conflict(f"the certificate {name!r} is revoked already")
    now = dt.datetime.now(dt.UTC)
    entry = x509.RevokedCertificateBuilder(certificate.serial_number, now).build()
    builder = x509.CertificateRevocationListBuilder(
        authority.subject, now - _SKEW, authority.not_valid_after_utc
    )
    for one in (*revoked.values(), entry):
        builder = builder.add_revoked_certificate(one)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    others = [one for one in kept if one not in before]
    _keep(folder, [*others, builder.sign(authority_key, hashes.SHA256())])
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def lists(folder: Path) -> list[ShownList]:
    """The lists that are in use."""
    return [_shown(one) for one in _kept(folder)]


def _checked(
    files: Iterable[Path], authorities: Sequence[x509.Certificate]
) -> list[x509.CertificateRevocationList]:
    found = [one for file in files for one in _read(file)]
    if not found:
        raise InvalidQuery("there is no list of revoked certificates in these files")
    for one in found:
        if not any(_is_by(one, authority) for authority in authorities):
            raise InvalidQuery(
                f"the list of {one.issuer.rfc4514_string()} is signed by none of the authorities that are trusted:"
                " add that one with --ca of `hounsfield tls use`"
            )
    return found


def _authorities(folder: Path) -> list[x509.Certificate]:
    if not (folder / CA).exists():
        raise NotFound(f"there are no certificates in {folder}; `hounsfield tls init` makes some")
    return _certificates(folder / CA)


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        raise InvalidQuery(f"{file} is no certificate in PEM") from None


def _kept(folder: Path) -> list[x509.CertificateRevocationList]:
    file = folder / CRL
    return _read(file) if file.exists() else []


def _read(file: Path) -> list[x509.CertificateRevocationList]:
    content = file.read_bytes()
    try:
        if _BEGIN not in content:
            return [x509.load_der_x509_crl(content)]
        parts = content.split(_BEGIN)[1:]
        return [x509.load_pem_x509_crl(_BEGIN + one) for one in parts]
    except ValueError:
        raise InvalidQuery(f"{file} is no list of revoked certificates, in PEM or DER") from None


def _is_by(made: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    if made.issuer != authority.subject:
        return False
    try:
        return made.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except TypeError:  # a kind of key that signs nothing
        return False


def _keep(folder: Path, made: Iterable[x509.CertificateRevocationList]) -> None:
    content = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in made)
    certificates.write(folder / CRL, content)


def _shown(one: x509.CertificateRevocationList) -> ShownList:
    return ShownList(one.issuer.rfc4514_string(), len(one), one.next_update_utc)
