"""Instance Availability Notification as SCU, heard by pynetdicom (IAN)."""

import contextlib
import uuid

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import InstanceAvailabilityNotification
from tests.dimse.committing import STUDY, Running, put, queued

from hounsfield.archive.retrieve import Retrieve
from hounsfield.dimse.scu.availability_scu import NotifyAvailability
from hounsfield.errors import Conflict, NotFound, Unavailable
from hounsfield.index.site.availability import (
    AVAILABILITY_JOB,
    AvailabilitySubscribers,
    availability_job,
)
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer


class Told:
    """A pynetdicom SCP of notifications, which answers with what it is set to."""

    def __init__(self, status=0):
        self.status = status
        self.heard = []

    def on_create(self, event):
        self.heard.append((event.request.AffectedSOPInstanceUID, event.attribute_list))
        return self.status, None

    @contextlib.contextmanager
    def listening(self):
        ae = AE("RIS")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_supported_context(InstanceAvailabilityNotification)
        server = ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_CREATE, self.on_create)]
        )
        try:
            yield Peer("RIS", "127.0.0.1", server.server_address[1], name="ris")
        finally:
            server.shutdown()


def handler(archive, *peers):
    retrieve = Retrieve(archive.store.storage, archive.store.index)
    known = Peers(archive.store.index.database, peers)
    return NotifyAvailability(retrieve, known, "HOUNSFIELD")


def running(**more):
    new = availability_job("ris", STUDY, **more)
    return Running(str(uuid.uuid4()), new.lane, new.study_instance_uid, new.arguments)


def instances_in(dataset):
    return [
        (str(series.SeriesInstanceUID), str(one.ReferencedSOPInstanceUID), one.InstanceAvailability)
        for series in dataset.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    ]


# IAN
def test_a_peer_hears_which_instances_of_a_study_are_here_and_from_whom_to_retrieve_them(archive):
    uids = [put(archive, number)[1] for number in range(3)]
    uids.append(put(archive, 9, SeriesInstanceUID="1.2.3.9")[1])
    told = Told()
    with told.listening() as peer:
        text = handler(archive, peer)(running())
    assert text == "told that 4 instances are ONLINE"
    (_, dataset) = told.heard[0]
    assert dataset.StudyInstanceUID == STUDY
    assert {one[1] for one in instances_in(dataset)} == set(uids)
    assert {one[2] for one in instances_in(dataset)} == {"ONLINE"}
    assert len(dataset.ReferencedSeriesSequence) == 2
    assert dataset.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].RetrieveAETitle == (
        "HOUNSFIELD"
    )
    assert len(dataset.ReferencedPerformedProcedureStepSequence) == 0
    # R.3.2.1.2: no other attributes, such as those of the patient
    assert {element.keyword for element in dataset} == {
        "StudyInstanceUID",
        "ReferencedSeriesSequence",
        "ReferencedPerformedProcedureStepSequence",
    }


# IAN
def test_instances_that_are_gone_can_be_told_of_as_unavailable(archive):
    told = Told()
    gone = (("1.2.3", "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4"),)
    with told.listening() as peer:
        handler(archive, peer)(running(availability="UNAVAILABLE", instances=gone))
    assert instances_in(told.heard[0][1]) == [("1.2.3", "1.2.3.4", "UNAVAILABLE")]


def test_a_notification_whose_answer_was_lost_is_the_same_when_it_is_sent_again(archive):
    put(archive, 1)
    told = Told(status=0x0110)
    job = running()
    with told.listening() as peer:
        with pytest.raises(Unavailable, match="0110"):
            handler(archive, peer)(job)
        told.status = 0x0111
        handler(archive, peer)(job)
    assert told.heard[0][0] == told.heard[1][0]


def test_a_peer_that_will_never_take_it_ends_the_job(archive):
    put(archive, 1)
    with Told(status=0x0124).listening() as peer, pytest.raises(Conflict, match="0124"):
        handler(archive, peer)(running())


def test_a_peer_that_is_away_is_told_later_and_a_study_that_is_gone_never(archive):
    with Told().listening() as peer:
        with pytest.raises(NotFound):
            handler(archive, peer)(running())
        put(archive, 1)
    with pytest.raises(Unavailable):
        handler(archive, peer)(running())


# IAN
def test_subscribers_are_told_of_each_study_that_becomes_complete_once(archive):
    index = archive.store.index
    subscribers = AvailabilitySubscribers(index.database)
    put(archive, 1)
    index.settle(0.0)
    subscribers.add("ris")
    assert subscribers.follow() == 0  # what was complete before is no news
    put(archive, 2)
    put(archive, 3, StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1")
    assert subscribers.follow() == 0
    index.settle(0.0)
    assert subscribers.follow() == 2
    assert subscribers.follow() == 0
    jobs = queued(archive, AVAILABILITY_JOB)
    assert {job.study_instance_uid for job in jobs} == {STUDY, "1.2.3"}
    assert {job.lane for job in jobs} == {"ris"}


def test_a_feed_made_anew_is_not_told_again(archive):
    index = archive.store.index
    subscribers = AvailabilitySubscribers(index.database)
    subscribers.add("ris")
    put(archive, 1)
    index.settle(0.0)
    subscribers.begin_here()
    assert subscribers.follow() == 0


def test_a_subscriber_is_added_once_and_can_be_removed(archive):
    subscribers = AvailabilitySubscribers(archive.store.index.database)
    subscribers.add("ris")
    with pytest.raises(Conflict):
        subscribers.add("ris")
    assert [one.peer for one in subscribers.all()] == ["ris"]
    subscribers.remove("ris")
    with pytest.raises(NotFound):
        subscribers.remove("ris")
