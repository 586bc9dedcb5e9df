"""Each association leaves one record, in and out."""

import dataclasses
import itertools
import random
import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from tests.dimse.doctor.conftest import make_archive, open_site, site
from tests.dimse.peer import (
    CT,
    EXPLICIT,
    VERIFICATION,
    RawPeer,
    dataset_bytes,
    eventually,
    instance,
)

from hounsfield.dimse.acceptance import Acceptance, Origin
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.journal import Journal
from hounsfield.dimse.places import Places
from hounsfield.dimse.records import Recording, count
from hounsfield.dimse.scu.requestor import Target, echo
from hounsfield.dimse.upper_layer.items import UserInformation
from hounsfield.dimse.upper_layer.pdus import AssociateAc, AssociateRq, ProposedContext
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.associations import (
    KEPT_CALLERS,
    KEPT_CALLERS_OF_AN_ADDRESS,
    Associations,
    AssociationWriter,
)
from hounsfield.index.site.records import AssociationRecord, Caller, Peer

STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
__all__ = ["make_archive", "open_site", "site"]


def test_an_association_leaves_who_it_was_what_was_agreed_and_what_was_said(open_site):
    site = open_site(Peer("RAW", "127.0.0.1", name="scanner"))
    with RawPeer(site.port) as peer:
        peer.associate((CT, (EXPLICIT, "1.2.840.10008.1.2.4.90")), ("1.2.840.10008.9.9", ("1.2",)))
        for number in (1, 2, 3):
            assert peer.store(instance(number)).status == 0
        peer.write(b"\x05\0\0\0\0\4\0\0\0\0")
        assert peer.hear()
    record = site.the_record()
    assert (record.direction, record.outcome, record.is_ok) == ("in", "released", True)
    assert (record.calling_ae_title, record.called_ae_title) == ("RAW", "HOUNSFIELD")
    assert (record.address, record.peer) == ("127.0.0.1", "scanner")
    assert record.messages == [
        {"name": "C-STORE", "status": "0000", "meaning": "success", "count": 3}
    ]
    accepted, refused = record.contexts
    assert (accepted.abstract_syntax, accepted.accepted, accepted.result) == (CT, EXPLICIT, 0)
    assert accepted.offered == (EXPLICIT, "1.2.840.10008.1.2.4.90")
    assert (refused.accepted, refused.result) == ("", 3)
    assert record.bytes_received > 3 * 64
    assert record.bytes_sent > 0
    assert record.ended_us >= record.began_us


def test_nothing_of_a_patient_is_in_a_record(site):
    with RawPeer(site.port) as peer:
        peer.associate()
        peer.store(instance(PatientName="SECRET^NAME", PatientID="SECRET"))
    shown = repr(site.the_record())
    assert "SECRET" not in shown
    assert instance().SOPInstanceUID not in shown


def test_an_open_association_is_seen_with_its_counters(site):
    with RawPeer(site.port) as peer:
        peer.associate()
        eventually(lambda: len(site.associations.page(outcome="open")) == 1)
        peer.store(instance())
        eventually(lambda: site.associations.page()[0].messages != [])
        (record,) = site.associations.page()
        assert record.ended_us is None
        assert record.messages[0]["count"] == 1
        assert record.is_ok


def test_a_connection_that_says_nothing_leaves_no_record(site):
    with RawPeer(site.port):
        pass
    with RawPeer(site.port) as peer:
        peer.associate()
    assert site.the_record().calling_ae_title == "RAW"


def test_our_own_probe_leaves_no_record(open_site):
    site = open_site(Peer("PROBE", name="probe"), probe_ae_title="PROBE")
    target = Target("127.0.0.1", site.port, "HOUNSFIELD", "PROBE")
    assert echo(target) == 0
    assert echo(dataclasses.replace(target, calling_ae_title="PROBE", recorder=None)) == 0
    with RawPeer(site.port) as peer:
        peer.ask()
    assert site.the_record().outcome == "rejected"


def test_an_association_of_ours_leaves_a_record_too(site):
    target = Target(
        "127.0.0.1", site.port, "HOUNSFIELD", "US", peer_name="them", recorder=site.journal
    )
    assert echo(target) == 0
    record = site.the_record(direction="out")
    assert (record.peer, record.outcome, record.is_ok) == ("them", "released", True)
    assert record.address == f"127.0.0.1:{site.port}"
    assert record.messages[0]["name"] == "C-ECHO"
    assert record.contexts[0].abstract_syntax == VERIFICATION
    assert record.implementation
    assert len(site.records(1, direction="in")) == 1


def test_what_a_c_move_sends_is_recorded_beside_it(open_site, make_archive):
    there = open_site(unknown_peers="accept", ae_title="THERE")
    here = open_site(Peer("THERE", "127.0.0.1", there.port, name="there"), unknown_peers="accept")
    with RawPeer(here.port) as peer:
        peer.associate((CT, (EXPLICIT,)), (STUDY_MOVE, (EXPLICIT,)))
        assert peer.store(instance()).status == 0
        identifier = Dataset()
        identifier.QueryRetrieveLevel = "STUDY"
        identifier.StudyInstanceUID = instance().StudyInstanceUID
        elements = {
            CommandTag.AFFECTED_SOP_CLASS_UID: STUDY_MOVE,
            CommandTag.MESSAGE_ID: 7,
            CommandTag.PRIORITY: 0,
            CommandTag.MOVE_DESTINATION: "THERE",
        }
        request = Command.of(CommandField.C_MOVE_RQ, elements, dataset=True)
        peer.send(request, dataset_bytes(identifier), context_id=3)
        assert peer.response().status == 0
    out = here.the_record(direction="out")
    assert (out.peer, out.messages[0]["name"], out.messages[0]["count"]) == ("there", "C-STORE", 1)
    assert out.is_ok


def test_records_are_found_by_what_they_say(open_site):
    site = open_site(Peer("RAW", "127.0.0.1", name="scanner"))
    for number, calling in enumerate(("RAW", "STRANGER", "RAW"), 1):
        with RawPeer(site.port) as peer:
            peer.ask(calling=calling)
        site.records(number)
    newest, refused, oldest = site.records(3)
    page = site.associations.page
    assert [one.id for one in page(text="stranger 127.0")] == [refused.id]
    assert [one.id for one in page(outcome="failed", limit=1)] == [
        newest.id
    ]  # cut off, not released
    assert page(outcome="ok") == []
    assert [one.id for one in page(peer="scanner")] == [newest.id, oldest.id]
    assert [one.id for one in page(before=newest.id, limit=1)] == [refused.id]
    assert page(text="100%") == []


# -- callers -----------------------------------------------------------------------------------------


def test_a_refused_caller_is_kept_once_with_a_count(open_site):
    site = open_site()
    for _ in range(3):
        with RawPeer(site.port) as peer:
            peer.ask(calling="STRANGER")
    eventually(lambda: [one.count for one in site.associations.callers()] == [3])
    (caller,) = site.associations.callers()
    assert (caller.ae_title, caller.called_ae_title) == ("STRANGER", "HOUNSFIELD")
    assert caller.finding == "unknown-caller"
    assert caller.first_us < caller.last_us
    assert site.associations.dismiss("STRANGER", "127.0.0.1") == 1
    assert site.associations.callers() == []


def test_a_scanner_of_ports_fills_neither_callers_nor_records(make_archive):
    database = make_archive().store.index.database
    writer = AssociationWriter(database)
    for number in range(KEPT_CALLERS + 50):
        address = f"10.0.0.{number}"
        one = Caller(f"T{number}", "US", address, "unknown-caller", "", "", 1, number, number)
        writer.write([], [], [one])
    writer.close()
    callers = Associations(database).callers()
    assert len(callers) == KEPT_CALLERS
    assert callers[-1].ae_title == "T50"


def test_one_address_with_ever_new_ae_titles_pushes_out_only_its_own(make_archive):
    database = make_archive().store.index.database
    writer = AssociationWriter(database)
    scanner = Caller("CT2", "US", "10.0.0.2", "unknown-caller", "", "", 1, 1, 1)
    writer.write([], [], [scanner])
    for number in range(2, KEPT_CALLERS + 50):
        one = Caller(f"T{number}", "US", "10.0.0.1", "unknown-caller", "", "", 1, number, number)
        writer.write([], [], [one])
    writer.close()
    kept = Associations(database).callers()
    assert len(kept) == KEPT_CALLERS_OF_AN_ADDRESS + 1
    assert (kept[0].ae_title, kept[-1]) == (f"T{KEPT_CALLERS + 49}", scanner)


def test_rejections_of_one_address_are_recorded_at_most_so_often(open_site):
    site = open_site()
    for _ in range(40):
        with RawPeer(site.port) as peer:
            peer.ask(calling="STRANGER")
    eventually(lambda: [one.count for one in site.associations.callers()] == [40])
    assert len(site.associations.page()) <= 31  # a minute may begin between


def test_every_association_that_was_accepted_leaves_a_record_however_many_a_stranger_has(site):
    target = Target("127.0.0.1", site.port, "HOUNSFIELD", "STRANGER")
    for _ in range(40):
        assert echo(target) == 0
    assert all(one.is_ok for one in site.records(40))


def test_refused_strangers_take_no_room_from_who_was_let_in_while_the_index_is_busy(
    make_archive, monkeypatch
):
    monkeypatch.setattr("hounsfield.dimse.journal._MOST_STRANGERS_WAITING", 5)
    database = make_archive().store.index.database
    journal = Journal(database)
    with database.writing():  # the journal cannot write now
        journal.start()
        good = Recording("in", journal, "US", "10.0.0.1")
        good.accepted(AssociateAc("US", "CT1", (), UserInformation()))
        good.end("released")
        for number in range(50):
            bad = Recording("in", journal, "US", f"10.0.1.{number}")
            bad.found("no-dicom", {"bytes": "?"})
            bad.end("aborted")
    eventually(lambda: len(Associations(database).page(outcome="ok")) == 1)
    journal.close()


def test_failures_of_strangers_at_ever_new_addresses_are_recorded_at_most_so_often(make_archive):
    database = make_archive().store.index.database
    journal = Journal(database)
    for number in range(400):
        bad = Recording("in", journal, "US", f"2001:db8::{number}")
        bad.found("no-dicom", {"bytes": "?"})
        bad.end("aborted")
    journal.close()
    assert len(Associations(database).page(limit=500)) == 300


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_peer_sends_makes_a_record_that_can_be_read_again(make_archive, data):
    """Titles, UIDs and syntaxes may be any bytes; what is kept of them is printable."""
    any_text = st.text(st.characters(max_codepoint=255), max_size=16)
    contexts = data.draw(st.lists(st.tuples(any_text, st.lists(any_text, max_size=3)), max_size=4))
    request = AssociateRq(
        data.draw(any_text),
        data.draw(any_text),
        tuple(
            ProposedContext(2 * index + 1, uid, tuple(syntaxes))
            for index, (uid, syntaxes) in enumerate(contexts)
        ),
        UserInformation(implementation_version_name=data.draw(any_text)),
        application_context_name=data.draw(any_text),
    )
    config = DimseConfig(peers=(Peer("CT2", "10.0.0.1"),))
    refusal = Acceptance(config, Places(4, 4)).decide(request, Origin("10.0.0.9"), 0)
    recording = Recording("in", None, "HOUNSFIELD", "10.0.0.9")
    recording.asked(request)
    recording.found(refusal.finding.code, refusal.values)
    recording.messages = {
        (0x8001, data.draw(st.integers(0, 0xFFFF)), data.draw(st.booleans())): 3,
        (0xFFFF, 0xA700, False): 1,
    }
    recording.end("rejected", data.draw(any_text))
    made = recording.record()
    for text in (made.calling_ae_title, made.called_ae_title, made.reason, made.implementation):
        assert text.isprintable()
    database = make_archive().store.index.database
    writer = AssociationWriter(database)
    writer.write([made], [], [])
    writer.close()
    assert Associations(database).page(limit=1) == [made]


def test_a_request_of_a_megabyte_leaves_a_small_record(make_archive):
    digits = random.Random(1)
    uids = (f"1.{digits.getrandbits(190)}" for _ in itertools.count())
    request = AssociateRq(
        "HOUNSFIELD",
        "LOUD",
        tuple(
            ProposedContext(2 * number + 1, next(uids), tuple(itertools.islice(uids, 128)))
            for number in range(128)
        ),
        UserInformation(),
        application_context_name="9" * 60_000,
    )
    acceptance = Acceptance(DimseConfig(peers=(Peer("LOUD"),)), Places(4, 4))
    refusal = acceptance.decide(request, Origin("10.0.0.9"), 0)
    recording = Recording("in", None, "HOUNSFIELD", "10.0.0.9")
    recording.asked(request)
    recording.found(refusal.finding.code, refusal.values)
    recording.end("rejected")
    database = make_archive().store.index.database
    writer = AssociationWriter(database)
    writer.write([recording.record()], [], [])
    writer.close()
    with database.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM association").all()
    assert sum(len(str(value)) for value in row if not isinstance(value, bytes)) < 3000
    assert sum(len(value) for value in row if isinstance(value, bytes)) < 24_000
    assert len(recording.record().contexts) == 128


def test_answers_of_ever_new_kinds_take_no_more_room_than_many():
    messages = {}
    for status in range(0x10000):
        count(messages, 0x8001, status, is_reverse=False)
    assert len(messages) <= 65
    assert sum(messages.values()) == 0x10000


# -- ends that nobody saw ---------------------------------------------------------------------------


def test_what_a_dead_process_left_open_is_closed_at_the_next_start(make_archive):
    database = make_archive().store.index.database
    dead = AssociationWriter(database)
    dead.process = f"{socket.gethostname()[:64]}/4194304/1"  # no process has this number
    record = AssociationRecord("in", 1, "CT1")
    dead.write([record], [], [])
    dead.close()
    assert Associations(database).page()[0].outcome == "open"
    before = Associations(database).state()
    journal = Journal(database)
    journal.start()
    eventually(lambda: Associations(database).page(outcome="open") == [])
    journal.close()
    (closed,) = Associations(database).page()
    assert (closed.outcome, closed.is_ok, closed.finding) == (
        "connection lost",
        False,
        "process-ended",
    )
    assert closed.ended_us
    assert Associations(database).state() != before  # whoever looks on hears of it


def test_those_of_a_living_process_stay_open(make_archive):
    database = make_archive().store.index.database
    other = AssociationWriter(database)
    other.process = f"{socket.gethostname()[:64]}/1/1"
    other.write([AssociationRecord("in", 1, "CT1")], [], [])
    assert AssociationWriter(database).close_those_of_the_dead() == 0
    other.close()


def test_old_records_go_and_the_newest_stay(make_archive):
    database = make_archive().store.index.database
    writer = AssociationWriter(database, kept=10)
    now_us = time.time_ns() // 1000
    for number in range(300):
        writer.write([AssociationRecord("in", now_us, f"T{number}", outcome="released")], [], [])
    writer.close_those_of_the_dead()
    kept = Associations(database).page(limit=500)
    assert [one.calling_ae_title for one in kept] == [f"T{n}" for n in range(299, 289, -1)]
    writer.write([AssociationRecord("in", 1, "OLD", outcome="released")], [], [])
    writer.close_those_of_the_dead()
    assert Associations(database).page(text="OLD") == []
    writer.close()


def test_a_database_that_cannot_be_written_costs_records_only(make_archive):
    database = make_archive().store.index.database
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE association")
    writer = AssociationWriter(database)
    with pytest.raises(HounsfieldError):
        writer.write([AssociationRecord("in", 1)], [], [])
    writer.close()
