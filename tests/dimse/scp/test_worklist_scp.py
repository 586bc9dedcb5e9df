"""The modality worklist with pynetdicom as the modality."""

import datetime as dt
import warnings

import pytest
from pydicom.dataset import Dataset

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.orders import OrderBook
from hounsfield.dicom.orders import Code
from hounsfield.dimse.config import Peer
from hounsfield.errors import Conflict, InvalidQuery
from hounsfield.index.site.orders import Order

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom import AE
    from pynetdicom.sop_class import ModalityWorklistInformationFind

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def order(**values):
    given = {
        "PatientName": "Lovelace^Ada", "PatientID": "P1", "PatientSex": "F", "Modality": "CT",
        "ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20261124",
        "ScheduledProcedureStepStartTime": "0930", "RequestedProcedureDescription": "CT head",
    }  # fmt: skip
    return Order(given | values, (Code("C1", "99X", "head"),), (Code("P1", "99X", "routine"),))


@pytest.fixture
def book(archive):
    return OrderBook(archive.store.index)


@pytest.fixture
def ask(archive, serve):
    """Ask for the worklist as a modality does; gives the answers and the statuses."""
    port = serve(archive)[1]

    def find(step=None, *, title="CT1", at=None, charset=None, **keys):
        ds, item = Dataset(), Dataset()
        if charset:
            ds.SpecificCharacterSet = charset
        for keyword in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID"):
            setattr(ds, keyword, "")
        for keyword in ("ScheduledStationAETitle", "ScheduledProcedureStepStartDate",
                        "ScheduledProcedureStepStartTime", "Modality", "ScheduledProcedureStepID",
                        "ScheduledPerformingPhysicianName", "ScheduledProcedureStepStatus"):  # fmt: skip
            setattr(item, keyword, "")
        for keyword, value in keys.items():
            setattr(ds, keyword, value)
        for keyword, value in (step or {}).items():
            setattr(item, keyword, value)
        ds.ScheduledProcedureStepSequence = [item]
        ae = AE(title)
        ae.add_requested_context(ModalityWorklistInformationFind)
        association = ae.associate("127.0.0.1", at or port, ae_title="HOUNSFIELD")
        assert association.is_established
        answers = list(association.send_c_find(ds, ModalityWorklistInformationFind))
        association.release()
        return [one for _, one in answers if one], [status.Status for status, _ in answers]

    return find


def names(found):
    return sorted(str(one.PatientName) for one in found[0])


def test_all_required_keys_select_alone_and_together(book, ask):  # MWL-01
    book.add(LOCAL, order(ScheduledPerformingPhysicianName="House^Gregory"))
    book.add(LOCAL, order(PatientName="Müller^Jörg=山田^太郎", PatientID="P2", Modality="MR",
                          ScheduledStationAETitle="MR1\\MR2",
                          ScheduledProcedureStepStartDate="20261125"))  # fmt: skip
    utf8 = "ISO_IR 192"
    for keys, step, found in (
        ({"PatientName": "love*"}, {}, ["P1"]),
        ({"PatientName": "MULLER*", "SpecificCharacterSet": utf8}, {}, ["P2"]),
        ({"PatientName": "=山田*", "SpecificCharacterSet": utf8}, {}, ["P2"]),
        ({"PatientID": "P2"}, {}, ["P2"]),
        ({"RequestedProcedureID": "RP000001"}, {}, ["P1"]),
        ({}, {"Modality": "CT"}, ["P1"]),
        ({}, {"ScheduledStationAETitle": "MR2"}, ["P2"]),
        ({}, {"ScheduledStationAETitle": "CT1", "Modality": "MR"}, []),
        ({}, {"ScheduledPerformingPhysicianName": "house*"}, ["P1"]),
        ({}, {"ScheduledProcedureStepStartDate": "20261125-"}, ["P2"]),
        ({}, {"ScheduledProcedureStepStartTime": "0900-1000"}, ["P1", "P2"]),
        ({}, {}, ["P1", "P2"]),
    ):
        answers, _ = ask(step, **keys)
        assert sorted(one.PatientID for one in answers) == found, (keys, step)


def test_a_range_of_dates_and_one_of_times_are_one_period(book, ask):  # MWL-01, K.6.1.2.2
    for day, time in (
        ("24", "0800"),
        ("24", "1700"),
        ("25", "0300"),
        ("26", "1100"),
        ("26", "1900"),
    ):
        name = f"{day}^{time}"
        book.add(LOCAL, order(PatientName=name, ScheduledProcedureStepStartDate=f"202611{day}",
                              ScheduledProcedureStepStartTime=time))  # fmt: skip
    step = {
        "ScheduledProcedureStepStartDate": "20261124-20261126",
        "ScheduledProcedureStepStartTime": "1000-1800",
    }
    assert names(ask(step)) == ["24^1700", "25^0300", "26^1100"]


def test_times_are_asked_for_and_told_by_the_clock_that_the_question_names(book, ask):  # QR-04
    book.add(LOCAL, order(ScheduledProcedureStepStartTime="1330"))
    here = dt.datetime(2026, 11, 24, 13, 30).astimezone()
    ahead = dt.timedelta(hours=11 if here.utcoffset() <= dt.timedelta() else -14)
    there = here.astimezone(dt.timezone(here.utcoffset() + ahead))
    zone, day, time = (there.strftime(form) for form in ("%z", "%Y%m%d", "%H%M%S"))
    assert day != "20261124"
    for step, number in (
        ({"ScheduledProcedureStepStartDate": day}, 1),
        ({"ScheduledProcedureStepStartDate": "20261124"}, 0),
        ({"ScheduledProcedureStepStartDate": day, "ScheduledProcedureStepStartTime": time}, 1),
        ({"ScheduledProcedureStepStartTime": "133000"}, 0),
        (
            {
                "ScheduledProcedureStepStartDate": f"{day}-{day}",
                "ScheduledProcedureStepStartTime": f"{time}-{time}",
            },
            1,
        ),
    ):
        answers, _ = ask(step, TimezoneOffsetFromUTC=zone)
        assert len(answers) == number, step
        for one in answers:
            (told,) = one.ScheduledProcedureStepSequence
            assert (told.ScheduledProcedureStepStartDate, told.ScheduledProcedureStepStartTime) == (
                "20261124",
                "133000",
            )
            assert here.strftime("%z") == one.TimezoneOffsetFromUTC
    assert "TimezoneOffsetFromUTC" not in ask()[0][0]


def test_an_item_has_all_that_a_modality_needs(book, ask):  # MWL-02, QR-05
    kept = book.add(LOCAL, order())
    (answer,), statuses = ask(RequestedProcedureID="", RequestedProcedureCodeSequence=[],
                              ReferencedStudySequence=[], PatientComments="")  # fmt: skip
    (step,) = answer.ScheduledProcedureStepSequence
    assert answer.StudyInstanceUID == kept.get("StudyInstanceUID")
    assert all((answer.AccessionNumber, answer.RequestedProcedureID, step.ScheduledProcedureStepID))
    assert step.ScheduledProcedureStepStartTime == "093000"
    assert step.ScheduledProcedureStepStatus == "SCHEDULED"
    assert answer.RequestedProcedureCodeSequence[0].CodeMeaning == "head"
    assert statuses == [0xFF00, 0]
    assert ask(PixelSpacing="")[1] == [0xFF01, 0]


def test_answers_are_in_the_charset_asked_in_or_of_the_peer_where_it_can_hold_them(
    archive, serve, book, ask
):  # MWL-04
    book.add(LOCAL, order(PatientName="Müller^Jörg"))
    assert ask()[0][0].SpecificCharacterSet == "ISO_IR 192"
    latin = ask(charset="ISO_IR 100")[0][0]
    assert (latin.SpecificCharacterSet, str(latin.PatientName)) == ("ISO_IR 100", "Müller^Jörg")
    peer = Peer(name="ct1", ae_title="CT1", host="127.0.0.1", port=104, character_set="ISO_IR 100")
    port = serve(archive, peers=(peer,))[1]
    assert ask(at=port)[0][0].SpecificCharacterSet == "ISO_IR 100"
    book.add(LOCAL, order(PatientName="Wang=王", PatientID="P2"))
    assert {one.SpecificCharacterSet for one in ask(at=port)[0]} == {"ISO_IR 100", "ISO_IR 192"}


def test_who_asks_with_code_extensions_is_answered_with_them(book, ask):  # MWL-04
    book.add(LOCAL, order(PatientName="Yamada^Tarou=山田^太郎"))
    (found,), _statuses = ask(charset=["", "ISO 2022 IR 87"])
    assert list(found.SpecificCharacterSet) == ["", "ISO 2022 IR 87"]
    assert str(found.PatientName) == "Yamada^Tarou=山田^太郎"


def test_a_station_may_be_kept_to_its_own_items(archive, serve, book, ask):  # MWL-05
    book.add(LOCAL, order())
    book.add(LOCAL, order(PatientName="Other", PatientID="P2", ScheduledStationAETitle="MR1"))
    assert len(ask(title="MR1")[0]) == 2
    port = serve(archive, worklist_only_own_station=True)[1]
    assert names(ask(title="MR1", at=port)) == ["Other"]


def test_what_is_cancelled_or_done_leaves_the_list_and_what_is_begun_stays(book, ask):  # MWL-03
    kept = book.add(LOCAL, order(ScheduledProcedureStepStartDate="20200101"))
    for status, number in (("scheduled", 1), ("arrived", 1), ("in progress", 1),
                           ("completed", 0), ("discontinued", 0), ("cancelled", 0)):  # fmt: skip
        book.set_status(LOCAL, kept.id, status)
        assert len(ask()[0]) == number, status


def test_what_is_begun_may_leave_the_list_too(archive, serve, book, ask):  # MWL-03
    kept = book.add(LOCAL, order())
    port = serve(archive, worklist_keeps_started=False)[1]
    assert len(ask(at=port)[0]) == 1
    book.set_status(LOCAL, kept.id, "in progress")
    assert ask(at=port)[0] == []


def test_a_key_that_is_no_value_is_refused_before_anything_is_sent(book, ask):
    book.add(LOCAL, order())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers, statuses = ask({"ScheduledProcedureStepStartDate": "2026"})
    assert (answers, statuses) == ([], [0xA900])


def test_a_long_worklist_streams_and_can_be_cancelled(archive, serve, book):  # QR-07
    for number in range(450):
        book.add(LOCAL, order(PatientID=f"P{number:03}"))
    ae = AE("CT1")
    ae.add_requested_context(ModalityWorklistInformationFind)
    association = ae.associate("127.0.0.1", serve(archive)[1], ae_title="HOUNSFIELD")
    ds = Dataset()
    ds.PatientID = ""
    pending = [s for s, _ in association.send_c_find(ds, ModalityWorklistInformationFind)]
    assert len(pending) == 451
    answers = association.send_c_find(ds, ModalityWorklistInformationFind, msg_id=7)
    next(answers)
    association.send_c_cancel(7, query_model=ModalityWorklistInformationFind)
    assert list(answers)[-1][0].Status in {0xFE00, 0}
    association.release()


@pytest.mark.parametrize("values", [
    {"PatientID": ""}, {"Modality": ""}, {"ScheduledProcedureStepStartDate": "20261332"},
    {"StudyInstanceUID": "1.02"}, {"PatientSex": "X"}, {"AccessionNumber": "A" * 17},
    {"ScheduledProcedureStepStartTime": "2560"}, {"Nonsense": "1"},
])  # fmt: skip
def test_an_order_that_a_modality_could_not_use_is_refused(book, values):
    with pytest.raises(InvalidQuery):
        book.add(LOCAL, order(**values))


def test_an_accession_number_is_of_one_patient_and_further_steps_share_the_study(book):
    first = book.add(LOCAL, order(AccessionNumber="A1", RequestedProcedureID="R1"))
    second = book.add(LOCAL, order(AccessionNumber="A1", RequestedProcedureID="R1", Modality="MR"))
    assert first.get("StudyInstanceUID") == second.get("StudyInstanceUID")
    assert first.get("ScheduledProcedureStepID") != second.get("ScheduledProcedureStepID")
    with pytest.raises(Conflict):
        book.add(LOCAL, order(AccessionNumber="A1", PatientID="P2"))
