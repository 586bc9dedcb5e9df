"""Whole instances in the form in which they are to be given: as received, as stored, or in another transfer syntax.

Implicit VRs and big endian are not for the web (PS3.18 8.7.3): nobody is given them who does not ask for what is
stored, whatever it is (``*``). Who names no transfer syntax is given explicit VR little endian, unless the pixels are
only here with a loss (8.7.3.5.2).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from hounsfield.archive.forms.compressing import Codec, is_possible, write_in
from hounsfield.archive.forms.octets import Octets
from hounsfield.archive.forms.transcoding import alternatives
from hounsfield.archive.forms.views import View
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.part10 import file_meta
from hounsfield.dicom.transfer_syntax import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    TRANSFER_SYNTAXES,
    of,
)
from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.pool import DecodePool

ANY = "*"
DICOM = "application/dicom"
_NOT_ON_THE_WEB = frozenset({IMPLICIT_LITTLE, EXPLICIT_BIG})
_IN_MEMORY_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Given:
    """One instance on its way out. ``length`` is None where it is written in another syntax as it is taken."""

    location: InstanceLocation
    transfer_syntax_uid: str
    octets: Octets | None = None

    @property
    def length(self) -> int | None:
        return None if self.octets is None else self.octets.length


class InstanceForms:
    """Gives the instances of one archive."""

    def __init__(self, retrieve: Retrieve, pool: DecodePool | None = None) -> None:
        self._retrieve = retrieve
        self._pool = pool

    def given(
        self, location: InstanceLocation, wanted: str = "", view: View = View.CORRECTED
    ) -> Given | None:
        """An instance in the wanted transfer syntax, ``*`` being the stored one; None if it is not to be had so."""
        if view is View.RECEIVED:
            return self._stored(location, view)
        syntax = web_syntax(location.transfer_syntax_uid, wanted)
        if syntax is None:
            return None
        if syntax == location.transfer_syntax_uid:
            return self._stored(location, view)
        return Given(location, syntax)

    def as_stored(self, location: InstanceLocation) -> Given:
        """An instance that is not to be had otherwise."""
        return self._stored(location, View.CORRECTED)

    def _stored(self, location: InstanceLocation, view: View) -> Given:
        size = location.size_bytes
        if view is View.CORRECTED and self._retrieve.is_corrected(location):
            with self._retrieve.open_view(location, view) as corrected:
                size = corrected.size_bytes
        octets = Octets(
            "",
            DICOM,
            location.transfer_syntax_uid,
            lambda: self._retrieve.open_view(location, view),
            ((0, size),),
        )
        return Given(location, location.transfer_syntax_uid, octets)

    def stream(self, given: Given) -> tuple[str, Iterator[bytes]]:
        """(the transfer syntax, the bytes) of an instance; what cannot be written anew is given as it is stored."""
        if given.octets is not None:
            return given.transfer_syntax_uid, given.octets.stream()
        spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by who reads it
        location, syntax = given.location, given.transfer_syntax_uid
        try:
            spool.write(
                file_meta(
                    sop_class_uid=location.sop_class_uid,
                    sop_instance_uid=location.sop_instance_uid,
                    transfer_syntax_uid=syntax,
                )
            )
            with self._retrieve.open_view(location) as stored, stored.map() as buffer:
                write_in(buffer, Codec(syntax, pool=self._pool), spool.write)
        except (InvalidInstance, NotAcceptable):
            spool.close()
            stored_form = self.as_stored(location)
            assert stored_form.octets is not None
            return location.transfer_syntax_uid, stored_form.octets.stream()
        except (HounsfieldError, OSError):
            spool.close()
            raise
        return syntax, _pieces_of(spool)


def _pieces_of(spool: "tempfile.SpooledTemporaryFile[bytes]") -> Iterator[bytes]:
    with spool:
        spool.seek(0)
        while piece := spool.read(_CHUNK_BYTES):
            yield piece


def web_syntax(stored: str, wanted: str) -> str | None:
    """The transfer syntax in which an instance is given to who wants ``wanted``; None if it is not to be had (WEB-01, WEB-02).

    >>> web_syntax("1.2.840.10008.1.2", "")
    '1.2.840.10008.1.2.1'
    >>> web_syntax("1.2.840.10008.1.2", "*")
    '1.2.840.10008.1.2'
    """
    syntax = of(stored)
    if wanted == ANY:
        return stored
    if not wanted:
        is_left = syntax.is_lossy or EXPLICIT_LITTLE not in alternatives(stored)
        return stored if is_left else EXPLICIT_LITTLE
    if wanted in _NOT_ON_THE_WEB:
        return None
    if wanted in TRANSFER_SYNTAXES and is_possible(stored, wanted):
        return wanted
    return None
