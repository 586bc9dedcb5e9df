"""What every process that calls peers shares: its calls are recorded, and it can test a peer."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from hounsfield.app.archive import Archive
from hounsfield.archive.site.peers import Check, CheckPeer
from hounsfield.dimse.doctor.checks import OurSide, check_peer
from hounsfield.dimse.journal import Journal
from hounsfield.index.site.records import Peer


@contextmanager
def recording_calls(archive: Archive) -> Iterator[Journal]:
    """Record what associations this process has with the archive's peers; all of it is written at the end."""
    journal = Journal(archive.index.database)
    archive.peers.record_with(journal)
    try:
        yield journal
    finally:
        journal.close()


def checks_from(our_ae_title: str, our_ports: Callable[[], Iterable[int | None]]) -> CheckPeer:
    """The test of peers, by a server of this name at these ports; they are asked for at each test."""

    def check(peer: Peer, stores: bool) -> list[Check]:
        ours = OurSide(our_ae_title, tuple(port for port in our_ports() if port))
        return check_peer(peer, ours, stores=stores)

    return check
