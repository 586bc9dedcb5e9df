"""UPS events, told to those who watch (PS3.4 CC.2.4): we are the SCP of the UPS Event class and call the SCU."""

import threading
from collections import defaultdict

from hounsfield.archive.site.work_item_watchers import receiver_of
from hounsfield.dicom.sop_classes import UPS_EVENT, UPS_PUSH
from hounsfield.dimse.command import CommandField, CommandTag
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation, Target
from hounsfield.dimse.status import StatusClass, class_of
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.upper_layer.items import RoleSelection
from hounsfield.errors import NotAcceptable, NotFound, Refused, Unavailable
from hounsfield.index.index import Index
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.work_item_events import Event, EventQueue
from hounsfield.jobs.handlers import RunningJob


class WorkItemEvents:
    """The handler of the jobs that tell events: what an AE has still to hear, in order."""

    def __init__(self, index: Index, peers: Peers, our_ae_title: str) -> None:
        self._queue = EventQueue(index.database)
        self._peers = peers
        self._our_ae_title = our_ae_title
        # Two jobs for one AE tell one after the other, or what came later could be told first.
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def __call__(self, job: RunningJob) -> str:
        """Tell all there is; raises NotFound, Unavailable."""
        ae_title = str(job.arguments["ae_title"])
        peer = receiver_of(self._peers, ae_title)
        if peer is None:
            raise NotFound(f"there is no peer {ae_title!r} with an address any more")
        told, not_taken = 0, 0
        with self._turns[ae_title]:
            while events := self._queue.events_for(ae_title):
                try:
                    with _association(target_of(peer, self._our_ae_title)) as association:
                        for event in events:
                            if job.is_stopped():
                                return f"{told} events told, stopped"
                            taken = tell(association, event)
                            told, not_taken = told + taken, not_taken + (not taken)
                            self._queue.told(ae_title, [event.id])
                            job.progress(told + not_taken, 0)
                except (Refused, NotAcceptable) as problem:
                    # Who rejects us today may know us tomorrow: somebody has to set that up first.
                    raise Unavailable(str(problem)) from problem
        return f"{told} events told" + (f", {not_taken} not taken" if not_taken else "")


def _association(target: Target) -> ScuAssociation:
    # PS3.7 D.3.3.4: it is the requestor here that provides the class.
    role = RoleSelection(UPS_EVENT, scu_role=False, scp_role=True)
    return ScuAssociation(target, [(UPS_EVENT, MESSAGE_SYNTAXES)], roles=[role])


def tell(association: ScuAssociation, event: Event) -> bool:
    """Send one N-EVENT-REPORT and say whether the other side took it. Raises NotAcceptable, Unavailable."""
    elements: dict[CommandTag, int | str | tuple[int, ...]] = {
        CommandTag.AFFECTED_SOP_CLASS_UID: UPS_PUSH,
        CommandTag.AFFECTED_SOP_INSTANCE_UID: event.sop_instance_uid,
        CommandTag.EVENT_TYPE_ID: event.event_type,
    }
    answers = association.perform(
        UPS_EVENT, CommandField.N_EVENT_REPORT_RQ, elements, event.information
    )
    response, _ = next(answers)
    return class_of(response.status) in {StatusClass.SUCCESS, StatusClass.WARNING}
