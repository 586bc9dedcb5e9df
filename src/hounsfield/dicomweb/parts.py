"""The parts of the archive that the DICOMweb service needs; each transaction takes those that it uses."""

from dataclasses import dataclass

from hounsfield.archive.forms.quick_copies import QuickCopies
from hounsfield.archive.forms.representations import Representations
from hounsfield.archive.forms.thumbnails import Thumbnails
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore
from hounsfield.index.site.peers import Peers


@dataclass(frozen=True, slots=True)
class DicomWebPolicy:
    """What the site lets clients of DICOMweb do."""

    may_delete: bool = False
    keeps_started: bool = True  # whether what has begun stays in the modality worklist
    allowed_origins: tuple[str, ...] = ()
    trash_days: float = 30.0  # how long what was deleted can come back


PLAIN = DicomWebPolicy()


@dataclass(frozen=True, slots=True)
class DicomWebParts:
    """What the routes of `dicomweb` are made over."""

    store: InstanceStore
    search: Search
    retrieve: Retrieve
    thumbnails: Thumbnails
    representations: Representations
    peers: Peers
    policy: DicomWebPolicy = PLAIN
    copies: QuickCopies | None = None
