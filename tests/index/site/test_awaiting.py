"""Images that a scanner named and that do not come: who is told, when, and until when (MPPS-03)."""

import pytest
from tests.instances import ROOT, numbered

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.completeness import Completeness, Expected
from hounsfield.archive.site.orders import OrderBook
from hounsfield.archive.site.procedure_steps import ProcedureSteps
from hounsfield.dicom.query import Level, Query
from hounsfield.index.index import Index
from hounsfield.index.site.orders import Order, Wanted
from hounsfield.index.site.procedure_steps import ProcedureStepTable
from hounsfield.index.site.step_tables import awaited_step, performed_step_study

STEP = "2.25.7"
LONG_S = 3600.0


def value(text, vr="LO"):
    return {"vr": vr, "Value": [text]}


def sequence(*items):
    return {"vr": "SQ", "Value": list(items)}


def begun(*studies, accession_number="A1"):
    """A step that a scanner was told to perform for all these studies."""
    told = [
        {"0020000D": value(f"{ROOT}.{n}", "UI"), "00080050": value(accession_number)}
        for n in studies
    ]
    return {
        "00400270": sequence(*told), "00400253": value("1"), "00400241": value("CT1"),
        "00400244": value("20261124"), "00400245": value("0931"), "00080060": value("CT"),
        "00400252": value("IN PROGRESS"), "00100020": value("P1"),
    }  # fmt: skip


def ended(series):
    """Its end; ``series`` are instance numbers by (study, series)."""
    items = [
        {
            "0020000E": value(f"{ROOT}.{study}.{number}", "UI"), "00181030": value("Head"),
            "0008103E": value(f"Series {study}.{number}"),
            "00081140": sequence(
                *({"00081155": value(f"{ROOT}.{study}.{number}.{n}", "UI")} for n in instances)
            ),
        }
        for (study, number), instances in series.items()
    ]  # fmt: skip
    return {
        "00400252": value("COMPLETED"), "00400250": value("20261124"), "00400251": value("0945"),
        "00400340": sequence(*items),
    }  # fmt: skip


@pytest.fixture
def book(archive):
    return OrderBook(archive.index)


@pytest.fixture
def report(archive):
    """Report a step, begun and ended."""
    steps = ProcedureSteps(archive.index)

    def reported(series, *studies, uid=STEP, **options):
        steps.create(LOCAL, uid, begun(*(studies or (1,)), **options))
        steps.update(LOCAL, uid, ended(series))

    return reported


def order(book, study=1, **more):
    values = {
        "PatientName": "Doe^Jane", "PatientID": "P1", "Modality": "CT", "AccessionNumber": "A1",
        "ScheduledProcedureStepStartDate": "20261124", "StudyInstanceUID": f"{ROOT}.{study}",
    }  # fmt: skip
    return book.add(LOCAL, Order(values | more)).id


def needing_attention(book):
    return [one.id for one in book.page(LOCAL, Wanted(needs_attention=True), 100)[0]]


def said_of(archive, study):
    completeness = Completeness(archive.index)
    uid = f"{ROOT}.{study}"
    return completeness.attention_of_studies(completeness.of_studies([uid])).get(uid, "")


def status_of(archive, study):
    found = archive.index.search(Query(Level.STUDY))
    return next(
        one.state.status
        for one in found
        if one.attributes["0020000D"]["Value"] == [f"{ROOT}.{study}"]
    )


def wait_in_vain(archive):
    """Settle as when nothing came for long."""
    archive.index.settle(-1.0, -1.0)


def test_an_order_of_which_images_do_not_come_needs_attention_until_they_come(
    archive, book, report
):
    number = order(book)
    archive.put(numbered(1))
    report({(1, 1): (1, 2, 3), (1, 2): (1,)})
    archive.index.settle(LONG_S, LONG_S)
    assert needing_attention(book) == []
    assert said_of(archive, 1) == ""
    wait_in_vain(archive)
    assert needing_attention(book) == [number]
    told = book.get(LOCAL, number).needs_attention
    assert told.startswith("MPPS names 4 images, 1 is here, and nothing more came for ")
    assert told.endswith("Missing: 2 of Series 1.1, 1 of Series 1.2.")
    assert said_of(archive, 1).endswith("Missing: 2 of Series 1.1, 1 of Series 1.2.")
    assert archive.changes().count("overdue") == 1
    wait_in_vain(archive)
    assert archive.changes().count("overdue") == 1  # told of once

    archive.put(numbered(1, number=2))
    archive.index.settle(LONG_S, LONG_S)  # some came: it is waited for again
    assert needing_attention(book) == []
    wait_in_vain(archive)
    assert needing_attention(book) == [number]
    for series, instance in ((1, 3), (2, 1)):
        archive.put(numbered(1, series, instance))
    archive.index.settle(LONG_S, LONG_S)
    assert needing_attention(book) == []
    assert book.get(LOCAL, number).needs_attention == ""
    assert archive.changes()[-1] in {"expected", "complete"}
    assert status_of(archive, 1) == "complete"


def test_what_needs_attention_is_the_same_after_a_restart(archive, book, report):
    number = order(book)
    report({(1, 1): (1, 2)})
    wait_in_vain(archive)
    with Index(archive.index.database.config) as again:
        told = OrderBook(again).get(LOCAL, number).needs_attention
        assert told.startswith("MPPS names 2 images, none is here, and nothing more came for ")
        assert again.settle(LONG_S, LONG_S) == 0


def test_a_person_can_say_that_the_images_will_not_come(archive, book, report):
    number = order(book)
    archive.put(numbered(1))
    report({(1, 1): (1, 2)})
    wait_in_vain(archive)
    book.set_status(LOCAL, number, "completed")
    wait_in_vain(archive)
    assert needing_attention(book) == []
    assert book.get(LOCAL, number).needs_attention == ""
    assert Completeness(archive.index).of_orders([number]) == {number: Expected(2, 1)}


def test_of_two_orders_of_a_study_the_one_needs_attention_whose_step_lacks_images(
    archive, book, report
):
    head = order(book, ScheduledProcedureStepID="HEAD")
    order(book, ScheduledProcedureStepID="CHEST")
    archive.put(numbered(1))
    steps = ProcedureSteps(archive.index)
    for uid, step_id, series in (("2.25.8", "HEAD", 2), ("2.25.9", "CHEST", 1)):
        dataset = begun(1)
        dataset["00400270"]["Value"][0]["00400009"] = value(step_id)
        steps.create(LOCAL, uid, dataset)
        steps.update(LOCAL, uid, ended({(1, series): (1,)}))
    wait_in_vain(archive)
    assert needing_attention(book) == [head]


def test_a_late_step_reopens_a_study_that_lacks_what_it_names(archive, report):
    archive.put(numbered(1))
    archive.index.settle(-1.0, LONG_S)
    assert status_of(archive, 1) == "complete"
    report({(1, 1): (1, 2)})
    assert status_of(archive, 1) == "receiving"
    archive.index.settle(-1.0, LONG_S)
    assert status_of(archive, 1) == "receiving"
    archive.put(numbered(1, number=2))
    archive.index.settle(LONG_S, LONG_S)
    assert status_of(archive, 1) == "complete"


def test_a_reopened_study_is_waited_for_from_when_the_step_said_what_there_is(archive, report):
    """The last image came long ago, but that there are more was only said now."""
    archive.put(numbered(1), received_us=1_000_000)
    archive.index.settle(-1.0, LONG_S)
    report({(1, 1): (1, 2)})
    archive.index.settle(LONG_S, LONG_S)
    assert status_of(archive, 1) == "receiving"


def test_a_late_step_of_which_all_is_here_leaves_the_study_complete(archive, report):
    archive.put(numbered(1))
    archive.index.settle(-1.0, LONG_S)
    report({(1, 1): (1,)})
    assert status_of(archive, 1) == "complete"


def test_a_step_over_several_studies_counts_for_each_of_them(archive, report):
    archive.put(numbered(1))
    archive.put(numbered(2))
    archive.index.settle(-1.0, LONG_S)
    report({(1, 1): (1,), (2, 1): (1, 2, 3)}, 1, 2)
    counts = Completeness(archive.index).of_studies([f"{ROOT}.1", f"{ROOT}.2"])
    assert counts == {f"{ROOT}.1": Expected(1, 1), f"{ROOT}.2": Expected(3, 1)}
    assert (status_of(archive, 1), status_of(archive, 2)) == ("complete", "receiving")
    wait_in_vain(archive)
    assert said_of(archive, 1) == ""
    assert said_of(archive, 2).endswith("Missing: 2 of Series 2.1.")


def test_a_step_in_progress_keeps_each_of_its_studies_open(archive):
    ProcedureSteps(archive.index).create(LOCAL, STEP, begun(1, 2))
    archive.put(numbered(1))
    archive.put(numbered(2))
    archive.index.settle(-1.0, LONG_S)
    assert (status_of(archive, 1), status_of(archive, 2)) == ("receiving", "receiving")


def test_a_series_of_which_nothing_is_here_may_be_of_each_study_that_the_step_names(
    archive, report
):
    archive.put(numbered(1))
    report({(1, 1): (1,), (2, 1): (1, 2)}, 1, 2)
    completeness = Completeness(archive.index)
    both = [f"{ROOT}.1", f"{ROOT}.2"]
    assert completeness.of_studies(both) == {both[0]: Expected(3, 1), both[1]: Expected(2, 0)}
    archive.put(numbered(2))  # now it is known where it belongs
    assert completeness.of_studies(both) == {both[0]: Expected(1, 1), both[1]: Expected(2, 1)}


def test_a_series_that_is_in_a_study_which_no_step_names_counts_there(archive, report):
    archive.put(numbered(3))
    report({(3, 1): (1, 2)}, 1)
    counts = Completeness(archive.index).of_studies([f"{ROOT}.1", f"{ROOT}.3"])
    assert counts == {f"{ROOT}.3": Expected(2, 1)}
    wait_in_vain(archive)
    assert said_of(archive, 3).endswith("Missing: 1 of Series 3.1.")


def test_an_order_of_the_second_study_is_found_when_it_is_made_later(archive, book, report):
    report({(2, 1): (1,)}, 1, 2)
    number = order(book, study=2, AccessionNumber="")
    assert book.get(LOCAL, number).status == "completed"


def test_an_index_of_before_is_told_what_its_steps_name(archive, book, report):
    """`hounsfield rebuild` takes over tables of a version that did not have all that there is now."""
    order(book)
    report({(2, 1): (1, 2)}, 1, 2)
    database = archive.index.database
    with database.writing() as connection:
        connection.execute(performed_step_study.delete())
        connection.execute(awaited_step.delete())
    ProcedureStepTable(database).derive()
    assert Completeness(archive.index).of_studies([f"{ROOT}.2"]) == {f"{ROOT}.2": Expected(2, 0)}
    wait_in_vain(archive)
    assert len(needing_attention(book)) == 1
