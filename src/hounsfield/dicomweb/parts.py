"""The parts of the archive that the DICOMweb service needs; each transaction takes those that it uses."""

from dataclasses import dataclass

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore
from hounsfield.archive.thumbnails import Thumbnails
from hounsfield.index.site.peers import Peers


@dataclass(frozen=True, slots=True)
class DicomWebParts:
    """What the routes of `dicomweb` are made over."""

    store: InstanceStore
    search: Search
    retrieve: Retrieve
    thumbnails: Thumbnails
    peers: Peers
