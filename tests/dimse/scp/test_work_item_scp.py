"""Unified procedure steps with pynetdicom in both roles: it pushes, pulls and watches, and hears the events."""

import contextlib
import socket
import threading
import warnings

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.work_items import UnifiedWorklist
from hounsfield.dimse.config import Peer
from hounsfield.dimse.scu.work_item_scu import WorkItemEvents
from hounsfield.errors import Unavailable
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.work_item_events import EventQueue

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE, evt
    from pynetdicom.sop_class import (
        UnifiedProcedureStepEvent,
        UnifiedProcedureStepPull,
        UnifiedProcedureStepPush,
        UnifiedProcedureStepQuery,
        UnifiedProcedureStepWatch,
    )

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
GLOBAL, FILTERED = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
CLASSES = (
    UnifiedProcedureStepPush,
    UnifiedProcedureStepPull,
    UnifiedProcedureStepWatch,
    UnifiedProcedureStepQuery,
)


def code(value, meaning="what it means"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99TEST", meaning
    return item


def work(**attributes):
    ds = Dataset()
    ds.ScheduledProcedureStepPriority = "MEDIUM"
    ds.ProcedureStepLabel = "Read CT"
    ds.ScheduledProcedureStepStartDateTime = "20261124120000"
    ds.InputReadinessState = "READY"
    ds.ProcedureStepState = "SCHEDULED"
    ds.PatientName, ds.PatientID = "Doe^Jane", "4711"
    ds.ScheduledStationNameCodeSequence = [code("READER1")]
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def done():
    performed = Dataset()
    performed.PerformedStationNameCodeSequence = [code("READER1")]
    performed.PerformedWorkitemCodeSequence = [code("READ")]
    performed.PerformedProcedureStepStartDateTime = "20261124120000"
    performed.PerformedProcedureStepEndDateTime = "20261124121000"
    performed.OutputInformationSequence = []
    ds = Dataset()
    ds.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    return ds


class User:
    """An association of a pynetdicom that uses the worklist."""

    def __init__(self, port, title="USER", syntax=None):
        ae = AE(title)
        for sop_class in CLASSES:
            ae.add_requested_context(sop_class, syntax)
        self.association = ae.associate("127.0.0.1", port, ae_title="HOUNSFIELD")
        assert self.association.is_established

    def create(self, ds, uid=None):
        status, _ = self.association.send_n_create(ds, UnifiedProcedureStepPush, uid)
        return status

    def act(self, uid, action, ds=None, through=UnifiedProcedureStepPull):
        status, _ = self.association.send_n_action(
            ds, action, UnifiedProcedureStepPush, uid, meta_uid=through
        )
        return status.Status

    def change(self, uid, state, lock):
        ds = Dataset()
        ds.ProcedureStepState, ds.TransactionUID = state, lock
        return self.act(uid, 1, ds)

    def set(self, uid, ds, lock=None):
        if lock:
            ds.TransactionUID = lock
        status, _ = self.association.send_n_set(
            ds, UnifiedProcedureStepPush, uid, meta_uid=UnifiedProcedureStepPull
        )
        return status.Status

    def get(self, uid, *tags):
        status, ds = self.association.send_n_get(
            list(tags), UnifiedProcedureStepPush, uid, meta_uid=UnifiedProcedureStepWatch
        )
        return status.Status, ds

    def find(self, **keys):
        ds = Dataset()
        for keyword, value in keys.items():
            setattr(ds, keyword, value)
        answers = list(self.association.send_c_find(ds, UnifiedProcedureStepQuery))
        assert answers[-1][0].Status == 0
        return [found for status, found in answers if status.Status == 0xFF00]

    def watch(self, uid, action=3, *, lock="FALSE", receiver="WATCHER", **keys):
        ds = Dataset()
        ds.ReceivingAE, ds.DeletionLock = receiver, lock
        for keyword, value in keys.items():
            setattr(ds, keyword, value)
        return self.act(uid, action, ds, through=UnifiedProcedureStepWatch)


@pytest.fixture
def watcher():
    """A pynetdicom that hears events, and the peer that it is."""
    heard = []

    def on_event(event):
        heard.append(
            (event.request.AffectedSOPInstanceUID, event.event_type, event.event_information)
        )
        return 0x0000, None

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ae = AE("WATCHER")
    ae.add_supported_context(UnifiedProcedureStepEvent, scu_role=False, scp_role=True)
    server = ae.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_event)]
    )
    yield Peer("WATCHER", host="127.0.0.1", port=port, name="watcher"), heard
    server.shutdown()


@pytest.fixture
def use(archive, serve, watcher):
    _server, port = serve(archive, peers=(watcher[0],))
    with contextlib.ExitStack() as stack:

        def start(title="USER", syntax=None):
            user = User(port, title, syntax)
            stack.callback(user.association.release)
            return user

        yield start


@pytest.fixture
def user(use):
    return use()


@pytest.fixture
def explicit_user(use):
    return use(syntax=ExplicitVRLittleEndian)


class Job:
    """A job that is carried out here and now."""

    def __init__(self, ae_title="WATCHER"):
        self.id, self.lane, self.study_instance_uid, self.attempt = "1", "watcher", "", 1
        self.arguments = {"ae_title": ae_title}

    def progress(self, done, total, text=""):
        pass

    def is_stopped(self):
        return False


@pytest.fixture
def told(archive, watcher):
    """Tell what there is to tell, and give what the watcher heard since the last time."""
    peer, heard = watcher
    index = archive.store.index
    events = WorkItemEvents(index, Peers(index.database, (peer,)), "HOUNSFIELD")

    def tell():
        events(Job())
        news, heard[:] = list(heard), []
        return news

    return tell


# UPS-01
def test_a_work_item_goes_from_scheduled_to_completed(user):
    uid, lock = generate_uid(), generate_uid()
    assert user.create(work(), uid).Status == 0
    assert user.change(uid, "IN PROGRESS", lock) == 0
    assert user.change(uid, "COMPLETED", lock) == 0xC304
    assert user.set(uid, done(), lock) == 0
    assert user.change(uid, "COMPLETED", lock) == 0
    assert user.change(uid, "COMPLETED", lock) == 0xB306
    assert user.change(uid, "CANCELED", lock) == 0xC300
    assert user.set(uid, done(), lock) == 0xC300
    status, ds = user.get(uid)
    assert (status, ds.ProcedureStepState) == (0, "COMPLETED")
    assert ds.UnifiedProcedureStepPerformedProcedureSequence[0].PerformedWorkitemCodeSequence


# UPS-03
def test_the_transaction_uid_is_told_to_nobody(user):
    uid, lock = generate_uid(), generate_uid()
    user.create(work(), uid)
    user.change(uid, "IN PROGRESS", lock)
    status, ds = user.get(uid, 0x00081195, 0x00741000)
    assert (status, ds.ProcedureStepState) == (1, "IN PROGRESS")
    assert "TransactionUID" not in user.get(uid)[1]
    (found,) = user.find(TransactionUID="", ProcedureStepState="IN PROGRESS")
    assert "TransactionUID" not in found
    assert user.find(TransactionUID=lock)[0].SOPInstanceUID == uid  # it is no key either


def test_an_instance_uid_is_made_where_none_is_given(user):
    status = user.create(work())
    assert status.Status == 0
    (found,) = user.find(ProcedureStepLabel="Read CT")
    assert found.SOPInstanceUID.startswith("2.25.")


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"ProcedureStepState": "IN PROGRESS"}, 0xC309),
        ({"ProcedureStepLabel": ""}, 0x0121),
        ({"InputReadinessState": "SOON"}, 0x0106),
        ({"TransactionUID": "1.2"}, 0x0106),
    ],
)
def test_a_work_item_that_is_not_as_it_must_be_is_refused(user, attributes, status):
    assert user.create(work(**attributes), generate_uid()).Status == status
    assert user.find(PatientID="4711") == []


def test_a_missing_attribute_is_named(user):
    ds = work()
    del ds.ScheduledProcedureStepPriority
    status = user.create(ds)
    assert status.Status == 0x0120
    assert "(0074,1200)" in status.ErrorComment


def test_a_second_work_item_of_one_uid_is_a_duplicate(user):
    uid = generate_uid()
    user.create(work(), uid)
    assert user.create(work(), uid).Status == 0x0111


def test_of_many_who_claim_a_work_item_exactly_one_gets_it(use):
    users = [use(f"USER{number}") for number in range(6)]
    uid = generate_uid()
    users[0].create(work(), uid)
    statuses = []
    threads = [
        threading.Thread(
            target=lambda one=one: statuses.append(one.change(uid, "IN PROGRESS", generate_uid()))
        )
        for one in users
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [0] + [0xC301] * 5


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [(0x00100010, "LO", "Doe^J"), (0x00404025, "LO", "R1"), (0x00741204, "SQ", [code("1")])],
)
def test_a_work_item_of_which_an_attribute_has_a_form_of_another_is_refused(
    explicit_user, tag, vr, value
):
    user, good = explicit_user, generate_uid()
    ds = work()
    ds[tag] = DataElement(tag, vr, value)
    assert user.create(ds, generate_uid()).Status == 0x0106
    assert user.create(work(), good).Status == 0
    assert len(user.find(PatientName="Doe*")) == 1
    assert len(user.find(ScheduledStationNameCodeSequence=[code("READER1")])) == 1
    lock, ds = generate_uid(), Dataset()
    user.change(good, "IN PROGRESS", lock)
    ds[0x00741002] = DataElement(0x00741002, "LO", "50")
    assert user.set(good, ds, lock) == 0x0106
    why = Dataset()
    why[0x0074100E] = DataElement(0x0074100E, "LO", "because")
    assert user.act(good, 2, why, through=UnifiedProcedureStepPush) == 0x0106
    assert user.change(good, "CANCELED", lock) == 0


def test_a_key_of_another_form_than_the_attribute_matches_nothing(explicit_user):
    explicit_user.create(work(), generate_uid())
    for tag, vr, value in (
        (0x00741000, "PN", "SCHEDULED"),
        (0x00100020, "SQ", [code("4711")]),
    ):
        ds = Dataset()
        ds[tag] = DataElement(tag, vr, value)
        answers = list(explicit_user.association.send_c_find(ds, UnifiedProcedureStepQuery))
        assert [status.Status for status, _ in answers] == [0x0000]


@pytest.mark.parametrize(
    "keyword",
    ["ScheduledProcedureStepStartDateTime", "ScheduledProcedureStepPriority", "ProcedureStepLabel"],
)
def test_an_update_does_not_take_away_what_every_work_item_has(user, keyword):
    uid, ds = generate_uid(), Dataset()
    user.create(work(), uid)
    setattr(ds, keyword, "")
    assert user.set(uid, ds) == 0x0121
    assert user.get(uid)[1][keyword].value


def test_a_work_item_does_not_grow_without_end(explicit_user):
    uid, statuses = generate_uid(), []
    explicit_user.create(work(), uid)
    for number in range(6):
        ds = Dataset()
        ds.add_new((0x0099 + 2 * number, 0x0010), "LO", "TEST")
        ds.add_new((0x0099 + 2 * number, 0x1001), "UT", "x" * 900_000)
        statuses.append(explicit_user.set(uid, ds))
    assert statuses == [0] * 4 + [0x0213] * 2
    assert explicit_user.change(uid, "IN PROGRESS", generate_uid()) == 0


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("lock", ["1..2", "abc", "1" * 65])
def test_a_work_item_is_locked_with_nothing_but_a_uid(user, lock):
    uid = generate_uid()
    user.create(work(), uid)
    assert user.change(uid, "IN PROGRESS", lock) == 0x0106
    assert user.change(uid, "IN PROGRESS", generate_uid()) == 0


def test_what_is_not_there_has_a_status_of_its_own(user):
    uid = generate_uid()
    assert user.change(uid, "IN PROGRESS", generate_uid()) == 0xC307
    assert user.get(uid)[0] == 0xC307
    assert user.set(uid, done()) == 0xC307
    assert user.watch(uid) == 0xC307
    assert user.act(uid, 2, None, through=UnifiedProcedureStepPush) == 0xC307


def test_each_class_does_what_is_its_own(user):
    uid = generate_uid()
    user.create(work(), uid)
    ds = Dataset()
    ds.ProcedureStepState, ds.TransactionUID = "IN PROGRESS", generate_uid()
    assert user.act(uid, 1, ds, through=UnifiedProcedureStepWatch) == 0x0123
    assert user.act(uid, 9, ds) == 0x0123


def test_the_worklist_is_found_by_what_lies_in_sequences(user):
    one, two = generate_uid(), generate_uid()
    user.create(work(), one)
    user.create(
        work(
            ScheduledStationNameCodeSequence=[code("READER2")],
            ScheduledProcedureStepStartDateTime="20261125080000",
            PatientName="Müller^Jörg",
            SpecificCharacterSet="ISO_IR 192",
        ),
        two,
    )

    def uids(**keys):
        return [found.SOPInstanceUID for found in user.find(**keys)]

    wanted = Dataset()
    wanted.CodeValue = "READER2"
    assert uids(ScheduledStationNameCodeSequence=[wanted]) == [two]
    assert uids(ScheduledProcedureStepStartDateTime="20261124-20261124") == [one]
    assert uids(PatientName="muller*") == [two]
    assert uids(ProcedureStepState="SCHEDULED") == [one, two]
    assert uids(ProcedureStepState="COMPLETED") == []
    assert uids(SOPInstanceUID=f"{one}\\{two}") == [one, two]


def test_a_large_worklist_comes_in_order_and_whole(user, archive):
    starts = [f"20261124{hour:02}{minute:02}00" for hour in range(12) for minute in range(0, 60, 2)]
    worklist = UnifiedWorklist(archive.store.index, lambda _title: None)
    for start in reversed(starts):
        dataset = work(ScheduledProcedureStepStartDateTime=start).to_json_dict()
        worklist.create(LOCAL, "", dataset)
    found = user.find(ScheduledProcedureStepStartDateTime="")
    assert [ds.ScheduledProcedureStepStartDateTime for ds in found] == starts


# UPS-02
def test_a_watcher_is_told_of_each_step(user, told):
    uid, lock = generate_uid(), generate_uid()
    user.create(work(), uid)
    assert user.watch(uid) == 0
    user.change(uid, "IN PROGRESS", lock)
    progress = Dataset()
    progress.ProcedureStepProgressInformationSequence = [Dataset()]
    progress.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress = "50"
    assert user.set(uid, progress, lock) == 0
    user.set(uid, done(), lock)
    user.change(uid, "COMPLETED", lock)
    events = told()
    assert [(kind, ds.get("ProcedureStepState")) for _uid, kind, ds in events] == [
        (1, "SCHEDULED"), (1, "IN PROGRESS"), (3, None), (1, "COMPLETED"),
    ]  # fmt: skip
    assert {of for of, _kind, _ds in events} == {uid}
    assert told() == []


def test_a_global_watcher_is_told_of_new_work_items_until_it_suspends(user, told):
    before, first, second = (generate_uid() for _ in range(3))
    user.create(work(), before)
    assert user.watch(GLOBAL) == 0
    assert told() == []  # without a deletion lock nothing is told of what there was
    user.create(work(), first)
    assert [(uid, kind) for uid, kind, _ in told()] == [(first, 1), (first, 5)]
    assert user.watch(GLOBAL, 5) == 0
    user.create(work(), second)
    user.change(first, "IN PROGRESS", generate_uid())
    assert [uid for uid, _, _ in told()] == [first]
    assert user.watch(GLOBAL, 4) == 0
    user.change(before, "IN PROGRESS", generate_uid())
    assert told() == []


def test_a_global_watcher_with_lock_hears_how_everything_stands(user, told):
    uids = sorted(generate_uid() for _ in range(3))
    for uid in uids:
        user.create(work(), uid)
    assert user.watch(GLOBAL, lock="TRUE") == 0
    assert sorted(uid for uid, _, _ in told()) == uids


def test_a_filtered_watcher_hears_only_of_what_matches(user, told):
    uid, other = generate_uid(), generate_uid()
    assert user.watch(FILTERED, PatientID="4711") == 0
    user.create(work(PatientID="4712"), other)
    user.create(work(), uid)
    assert {of for of, _, _ in told()} == {uid}


def test_a_cancel_request_ends_what_nobody_began_and_asks_whoever_did(use, told):
    user, other = use(), use("OTHER")
    waiting, running = generate_uid(), generate_uid()
    for uid in (waiting, running):
        user.create(work(), uid)
        user.watch(uid)
    user.change(running, "IN PROGRESS", generate_uid())
    told()
    why = Dataset()
    why.ReasonForCancellation = "wrong patient"
    for uid in (waiting, running):
        assert other.act(uid, 2, why, through=UnifiedProcedureStepPush) == 0
    events = told()
    assert [(kind, ds.get("ProcedureStepState")) for of, kind, ds in events if of == waiting] == [
        (2, None), (1, "IN PROGRESS"), (1, "CANCELED"),
    ]  # fmt: skip
    ((_, kind, asked),) = [event for event in events if event[0] == running]
    assert (kind, asked.RequestingAE, asked.ReasonForCancellation) == (2, "OTHER", "wrong patient")
    assert other.act(waiting, 2, why, through=UnifiedProcedureStepPush) == 0xB304
    progress = user.get(waiting)[1].ProcedureStepProgressInformationSequence[0]
    assert progress.ReasonForCancellation == "wrong patient"
    assert progress.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"


def test_only_a_peer_that_can_be_called_may_be_told(user):
    uid = generate_uid()
    user.create(work(), uid)
    assert user.watch(uid, receiver="NOBODY") == 0xC308
    assert user.watch(uid, 5) == 0xC314


def test_watchers_hear_of_a_restart_once_each(user, archive, told, watcher):
    uids = [generate_uid() for _ in range(2)]
    for uid in uids:
        user.create(work(), uid)
        user.watch(uid)
    told()
    worklist = UnifiedWorklist(archive.store.index, lambda _title: watcher[0])
    assert worklist.announce_restart() == 1
    assert worklist.announce_restart() == 1  # again before anybody could be told
    ((uid, kind, ds),) = told()
    assert (uid, kind) == (GLOBAL, 4)
    assert (ds.SCPStatus, ds.SubscriptionListStatus) == ("RESTARTED", "WARM START")


def test_old_work_items_go_but_not_those_that_somebody_keeps(user, archive, watcher):
    kept, gone, waiting = (generate_uid() for _ in range(3))
    for uid in (kept, gone, waiting):
        user.create(work(), uid)
    user.watch(kept, lock="TRUE")
    for uid in (kept, gone):
        user.act(uid, 2, None, through=UnifiedProcedureStepPush)
    worklist = UnifiedWorklist(archive.store.index, lambda _title: watcher[0])
    assert worklist.prune(older_than_s=3600) == 0
    assert worklist.prune(older_than_s=-1) == 1
    assert user.get(gone)[0] == 0xC307
    user.watch(kept, lock="FALSE")
    assert worklist.prune(older_than_s=-1) == 1
    assert user.get(waiting)[0] == 0


def test_events_wait_in_order_for_a_watcher_that_does_not_answer(user, archive, told):
    uid, lock = generate_uid(), generate_uid()
    user.create(work(), uid)
    user.watch(uid)
    user.change(uid, "IN PROGRESS", lock)
    waiting = EventQueue(archive.store.index.database).events_for("WATCHER")
    assert [event.event_type for event in waiting] == [1, 1]
    assert len(told()) == 2
    assert EventQueue(archive.store.index.database).events_for("WATCHER") == []


def test_a_watcher_that_rejects_us_or_offers_no_events_is_tried_again(user, archive):
    uid = generate_uid()
    user.create(work(), uid)
    user.watch(uid)
    index = archive.store.index
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for turns_away in (True, False):
        ae = AE("WATCHER")
        ae.add_supported_context("1.2.840.10008.1.1")
        ae.require_calling_aet = ["SOMEBODY ELSE"] if turns_away else []
        server = ae.start_server(("127.0.0.1", port), block=False)
        peer = Peer("WATCHER", host="127.0.0.1", port=port, name="watcher")
        events = WorkItemEvents(index, Peers(index.database, (peer,)), "HOUNSFIELD")
        with pytest.raises(Unavailable):
            events(Job())
        server.shutdown()
    assert len(EventQueue(index.database).events_for("WATCHER")) == 1
