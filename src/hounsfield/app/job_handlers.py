"""Which kinds of jobs there are, and what carries each of them out."""

import time

from hounsfield.app.archive import Archive
from hounsfield.archive.forms.quick_copies import QUICK_COPIES_JOB, MakeQuickCopies, quick_copies
from hounsfield.archive.site.commitment import CHECK_JOB, CommitmentCheck, CommitmentDesk
from hounsfield.archive.site.completeness import Completeness
from hounsfield.archive.site.remote import PULL_JOB
from hounsfield.archive.trash import TRASH_JOB, Trash
from hounsfield.dimse.forwarding import Forwarding
from hounsfield.dimse.pulling import OurAddress, Pulling
from hounsfield.dimse.scp.commitment_scp import REPORT_JOB
from hounsfield.dimse.scu.availability_scu import NotifyAvailability
from hounsfield.dimse.scu.commitment_scu import REQUEST_JOB, ReportCommitment, RequestCommitment
from hounsfield.dimse.scu.work_item_scu import WorkItemEvents
from hounsfield.index.site.availability import AVAILABILITY_JOB
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import Jobs
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.sent import SentInstances
from hounsfield.index.site.work_items import EVENT_JOB
from hounsfield.jobs.engine import Engine
from hounsfield.jobs.handlers import Handler
from hounsfield.settings.model import Settings
from hounsfield.settings.parts import engine_config

_WITHOUT_A_PEER = 2
_REMEMBERED_S = 2.0


def handlers_over(archive: Archive, settings: Settings, dimse_port: int = 0) -> dict[str, Handler]:
    """What carries out the jobs of each kind; ``dimse_port`` is where peers reach us."""
    database = archive.index.database
    commitments = Commitments(database)
    return {
        "send": Forwarding(
            archive.retrieve,
            SentInstances(database),
            archive.peers,
            settings.dimse.ae_title,
            Jobs(database),
        ),
        REPORT_JOB: ReportCommitment(
            commitments,
            CommitmentCheck(archive.storage, commitments),
            archive.peers,
            Completeness(archive.index).commitment_asked,
        ),
        CHECK_JOB: CommitmentDesk(archive.index, archive.storage).work,
        TRASH_JOB: Trash(archive.store, settings.data / "derived").work,
        AVAILABILITY_JOB: NotifyAvailability(
            archive.retrieve, archive.peers, settings.dimse.ae_title
        ),
        REQUEST_JOB: RequestCommitment(
            commitments, archive.retrieve, archive.peers, settings.dimse.ae_title
        ),
        PULL_JOB: Pulling(
            archive.store,
            archive.peers,
            OurAddress(settings.dimse.ae_title, dimse_port or settings.dimse.port),
            SentInstances(database),
        ),
        QUICK_COPIES_JOB: MakeQuickCopies(
            archive.retrieve,
            quick_copies(settings.data, settings.pixels.quick_copies_bytes),
        ),
        EVENT_JOB: WorkItemEvents(archive.index, archive.peers, settings.dimse.ae_title),
    }


def engine_over(archive: Archive, settings: Settings, dimse_port: int = 0) -> Engine:
    """The engine of a worker process."""
    return Engine(
        archive.index.database,
        handlers_over(archive, settings, dimse_port),
        Limits(archive.peers),
        engine_config(settings),
    )


class Limits:
    """How many jobs a peer takes at a time, remembered for moments."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._known: dict[str, int] = {}
        self._until = 0.0

    def __call__(self, lane: str) -> int:
        now = time.monotonic()
        if now >= self._until:
            self._known, self._until = {}, now + _REMEMBERED_S
        if lane not in self._known:
            peer = self._peers.by_name(lane) if lane else None
            self._known[lane] = peer.max_parallel if peer else _WITHOUT_A_PEER
        return self._known[lane]
