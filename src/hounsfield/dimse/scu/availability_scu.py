"""Instance Availability Notification as SCU: tells peers what can be retrieved here (PS3.4 annex R, IAN)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.site.peers import peer_named
from hounsfield.dicom.availability import Availability, AvailableInstance, notification
from hounsfield.dicom.sop_classes import INSTANCE_AVAILABILITY_NOTIFICATION
from hounsfield.dimse.command import CommandField, CommandTag
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation, Target
from hounsfield.dimse.status import Status, StatusClass, class_of, describe
from hounsfield.dimse.targets import target_of
from hounsfield.errors import Conflict, Refused, Unavailable
from hounsfield.index.site.peers import Peers
from hounsfield.jobs.handlers import RunningJob

_WORKER = Principal("worker", "worker")
# The peer is busy or in trouble: it may take the same later.
_LATER = frozenset({Status.PROCESSING_FAILURE, Status.RESOURCE_LIMITATION})


def notify(
    target: Target,
    notification_uid: str,
    study_instance_uid: str,
    instances: Sequence[AvailableInstance],
    availability: Availability = "ONLINE",
) -> None:
    """Tell a peer of instances of one study. Raises Unavailable, Refused, NotAcceptable and Conflict.

    The same UID again is the same notification: a peer that has it already says so, and all is well.
    """
    dataset = notification(study_instance_uid, instances, availability, target.calling_ae_title)
    with ScuAssociation(target, [(INSTANCE_AVAILABILITY_NOTIFICATION, MESSAGE_SYNTAXES)]) as scu:
        responses = scu.perform(
            INSTANCE_AVAILABILITY_NOTIFICATION,
            CommandField.N_CREATE_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: INSTANCE_AVAILABILITY_NOTIFICATION,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: notification_uid,
            },
            dataset,
        )
        response = [response for response, _dataset in responses][-1]
    status = response.status
    is_taken = class_of(status) in {StatusClass.SUCCESS, StatusClass.WARNING}
    if is_taken or status == Status.DUPLICATE_SOP_INSTANCE:
        return
    comment = f": {response.error_comment}" if response.error_comment else ""
    text = f"{target} answers {describe(status)}{comment}"
    raise Unavailable(text) if status in _LATER else Conflict(text)


@dataclass(frozen=True, slots=True)
class NotifyAvailability:
    """The job that tells a peer of a study."""

    retrieve: Retrieve
    peers: Peers
    our_ae_title: str

    def __call__(self, job: RunningJob) -> str:
        """Tell of the instances that are named, or else of all that are here now."""
        peer = peer_named(self.peers, job.lane)
        named = [AvailableInstance(*map(str, one)) for one in job.arguments.get("instances", ())]
        instances = named or [
            AvailableInstance(one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid)
            for one in self.retrieve.locate(_WORKER, job.study_instance_uid)
        ]
        availability = cast("Availability", job.arguments.get("availability", "ONLINE"))
        target = target_of(peer, self.our_ae_title)
        notification_uid = f"2.25.{uuid.UUID(job.id).int}"
        try:
            notify(target, notification_uid, job.study_instance_uid, instances, availability)
        except Refused as problem:  # somebody will set it right
            raise Unavailable(str(problem)) from problem
        return f"told that {len(instances)} instances are {availability}"
