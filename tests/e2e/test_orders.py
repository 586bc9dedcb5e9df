"""An order's way: made in the form, fetched by the scanner, reported by MPPS, filled with images."""

import re
import subprocess
from datetime import datetime

import httpx
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep
from tests import dcmtk
from tests.e2e.conftest import PHONE
from tests.e2e.screens import LIVE_S, send
from tests.live import live_server

PATIENT_ID, NAME, STATION = "ORD-1", "Lovelace^Ada", "CT2"
IMAGES = 6


@pytest.fixture(scope="module")
def findscu():
    path = dcmtk.program("findscu")
    if path is None:
        pytest.skip("DCMTK's findscu is not installed")
    return path


def worklist(server, findscu, station=STATION):
    """Ask for the worklist of a station as a scanner does; return what findscu prints."""
    keys = (
        f"ScheduledProcedureStepSequence[0].ScheduledStationAETitle={station}",
        "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate",
        "PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID",
    )  # fmt: skip
    command = [findscu, "-W", "-v", "-aet", station, "-aec", server.ae_title]
    for key in keys:
        command += ["-k", key]
    command += [server.host, str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def orders(server, **query):
    answer = httpx.get(f"{server.http}/api/orders", params=query, timeout=10)
    return answer.raise_for_status().json()["orders"]


def fill(app, **fields):
    for name, value in fields.items():
        app(f"order-{name}").fill(value)


def open_form(app):
    app.page.goto(f"{app.server.http}/worklist")
    app("worklist").wait_for()
    app("new-order").click()
    app("order-form").wait_for()


def order_row(app, name="Lovelace, Ada"):
    return app.page.get_by_test_id("row").filter(has_text=name)


def status_of(app, name="Lovelace, Ada"):
    return order_row(app, name).get_by_test_id("order-status").inner_text().strip()


@pytest.fixture(scope="module")
def images(tmp_path_factory, ct_slices):
    """Make files of a study with the identity that the scanner took from its worklist."""

    def make(order):
        folder = tmp_path_factory.mktemp("images")
        paths, series = [], generate_uid()
        for number, path in enumerate(ct_slices[:IMAGES]):
            dataset = pydicom.dcmread(path)
            for keyword in ("PatientID", "PatientName", "AccessionNumber", "StudyInstanceUID"):
                setattr(dataset, keyword, order[keyword])
            dataset.SeriesInstanceUID, dataset.SOPInstanceUID = series, generate_uid()
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            paths.append(folder / f"{number}.dcm")
            dataset.save_as(paths[-1])
        return paths

    return make


class Scanner:
    """Reports by MPPS what it does (PS3.4 annex F)."""

    def __init__(self, server, order):
        self.server, self.order, self.uid = server, order, generate_uid()

    def begins(self):
        step = Dataset()
        step.PerformedProcedureStepStatus = "IN PROGRESS"
        step.PerformedProcedureStepID = "PPS1"
        step.PerformedStationAETitle = STATION
        step.PerformedStationName = ""
        step.PerformedLocation = ""
        step.PerformedProcedureStepStartDate = self.order["ScheduledProcedureStepStartDate"]
        step.PerformedProcedureStepStartTime = "093000"
        step.PerformedProcedureStepEndDate = ""
        step.PerformedProcedureStepEndTime = ""
        step.PerformedProcedureStepDescription = "Head routine"
        step.PerformedProcedureTypeDescription = ""
        step.ProcedureCodeSequence = []
        step.PerformedProtocolCodeSequence = []
        step.PerformedSeriesSequence = []
        step.Modality = "CT"
        step.StudyID = "1"
        step.PatientName, step.PatientID = self.order["PatientName"], self.order["PatientID"]
        step.PatientBirthDate = step.PatientSex = ""
        step.ReferencedPatientSequence = []
        scheduled = Dataset()
        for keyword in (
            "StudyInstanceUID", "AccessionNumber", "RequestedProcedureID",
            "RequestedProcedureDescription", "ScheduledProcedureStepID",
            "ScheduledProcedureStepDescription",
        ):  # fmt: skip
            setattr(scheduled, keyword, self.order[keyword])
        scheduled.ReferencedStudySequence = []
        scheduled.ScheduledProtocolCodeSequence = []
        step.ScheduledStepAttributesSequence = [scheduled]
        self._ask("send_n_create", step)

    def gives_up(self, code, meaning):
        """End without images, with a reason of CID 9300."""
        reason = Dataset()
        reason.CodeValue, reason.CodingSchemeDesignator = code, "DCM"
        reason.CodeMeaning = meaning
        series = Dataset()
        series.PerformingPhysicianName = series.OperatorsName = ""
        series.ProtocolName, series.SeriesInstanceUID = "Head", generate_uid()
        series.SeriesDescription = series.RetrieveAETitle = ""
        series.ReferencedImageSequence = []
        series.ReferencedNonImageCompositeSOPInstanceSequence = []
        step = Dataset()
        step.PerformedProcedureStepStatus = "DISCONTINUED"
        step.PerformedProcedureStepEndDate = self.order["ScheduledProcedureStepStartDate"]
        step.PerformedProcedureStepEndTime = "094500"
        step.PerformedProcedureStepDiscontinuationReasonCodeSequence = [reason]
        step.PerformedSeriesSequence = [series]
        self._ask("send_n_set", step)

    def has_made(self, paths, *, is_last=False):
        heads = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
        series = Dataset()
        series.PerformingPhysicianName = series.OperatorsName = ""
        series.ProtocolName = "Head"
        series.SeriesInstanceUID = heads[0].SeriesInstanceUID
        series.SeriesDescription = "Axial 1.0"
        series.RetrieveAETitle = ""
        series.ReferencedImageSequence = []
        for head in heads:
            image = Dataset()
            image.ReferencedSOPClassUID = head.SOPClassUID
            image.ReferencedSOPInstanceUID = head.SOPInstanceUID
            series.ReferencedImageSequence.append(image)
        series.ReferencedNonImageCompositeSOPInstanceSequence = []
        step = Dataset()
        step.PerformedSeriesSequence = [series]
        if is_last:
            step.PerformedProcedureStepStatus = "COMPLETED"
            step.PerformedProcedureStepEndDate = self.order["ScheduledProcedureStepStartDate"]
            step.PerformedProcedureStepEndTime = "094500"
        self._ask("send_n_set", step)

    def _ask(self, request, dataset):
        scanner = AE(STATION)
        scanner.add_requested_context(ModalityPerformedProcedureStep)
        association = scanner.associate(
            self.server.host, self.server.port, ae_title=self.server.ae_title
        )
        assert association.is_established
        try:
            status, _ = getattr(association, request)(
                dataset, ModalityPerformedProcedureStep, self.uid
            )
        finally:
            association.release()
        assert status.get("Status") == 0, status


def test_an_order_goes_from_the_form_through_the_scanner_to_the_study(
    wide, server, findscu, storescu, images
):
    # MWL-01, MPPS-01
    wide.page.goto(f"{server.http}/worklist")
    wide("no-orders").wait_for()
    wide("scanner-settings").get_by_text(server.ae_title).wait_for()
    wide.shoot("worklist-empty-wide")

    open_form(wide)
    fill(wide, patientId=PATIENT_ID, family="Lovelace", given="Ada", procedure="CT head")
    fill(wide, birthDate="10.12.1980", station=STATION, modality="CT", accession="ORD-A1")
    wide.shoot("order-form-wide")
    wide("save-order").click()
    order_row(wide).wait_for()
    assert status_of(wide) == "scheduled"
    printed = worklist(server, findscu)
    assert NAME in printed
    assert "ORD-A1" in printed
    assert NAME not in worklist(server, findscu, station="OTHER")

    order_row(wide).get_by_test_id("mark-arrived").click()
    wide.until("the patient has arrived", lambda: status_of(wide) == "arrived", LIVE_S)

    order = orders(server, q="ORD-A1")[0]
    assert order["PatientBirthDate"] == "19801210"
    scanner, paths = Scanner(server, order), images(order)
    scanner.begins()
    wide.until("the scanner is at it", lambda: status_of(wide) == "in progress", LIVE_S)
    scanner.has_made(paths)
    send(server, paths[:4])
    received = order_row(wide).get_by_test_id("order-received")
    wide.until("four of six", lambda: f"4 of {IMAGES} received" in received.inner_text(), LIVE_S)
    wide.shoot("worklist-in-progress-wide")

    order_row(wide).click()
    wide("order-detail").wait_for()
    steps = wide("procedure-steps")
    steps.get_by_text("Axial 1.0").wait_for()
    steps.get_by_text(f"4 of {IMAGES} images").wait_for()
    wide.shoot("order-detail-wide")
    wide("open-study").click()
    wide.wait_for_image()
    header = wide("study-header")
    header.get_by_text(f"4 of {IMAGES} received").wait_for()
    wide.shoot("study-receiving-wide")
    wide.page.goto(server.http)
    wide.row(order["StudyInstanceUID"]).get_by_test_id("study-progress").wait_for()
    wide.shoot("list-expected-wide")

    send(server, paths[4:])
    scanner.has_made(paths, is_last=True)
    wide.row(order["StudyInstanceUID"]).get_by_test_id("status-complete").wait_for()
    wide.page.goto(f"{server.http}/worklist")
    wide.until("the step is completed", lambda: status_of(wide) == "completed", LIVE_S)
    assert NAME not in worklist(server, findscu)


def test_an_incomplete_form_says_what_is_missing_and_keeps_nothing(wide, server):
    before = len(orders(server))
    open_form(wide)
    fill(wide, station="A-VERY-LONG-AE-TITLE")
    wide("save-order").click()
    wide.page.get_by_text("Every patient needs an ID.").wait_for()
    wide.page.get_by_text("longer than the 16 characters", exact=False).wait_for()
    focused = wide.page.evaluate("() => document.activeElement.name")
    assert focused == "patientId"
    wide.shoot("order-form-errors-wide")
    assert len(orders(server)) == before


def test_a_known_patient_is_filled_in_by_the_id_alone(wide, server):
    new = {"PatientID": "KNOWN-1", "PatientName": "Hopper^Grace", "PatientSex": "F"}
    new |= {"ScheduledStationAETitle": "US1", "Modality": "US"}
    make(server, new)
    open_form(wide)
    fill(wide, patientId="KNOWN-1")
    wide.until("the name", lambda: wide("order-family").input_value() == "Hopper", LIVE_S)
    assert wide("order-given").input_value() == "Grace"
    wide("patient-known").wait_for()
    fill(wide, family="Hamilton")
    wide("patient-unlike").wait_for()
    wide.shoot("order-form-other-patient-wide")


def make(server, attributes):
    """Make an order for today by the API, with what the form would fill in."""
    whole = dict.fromkeys(
        "AccessionNumber IssuerOfPatientID PatientBirthDate PatientSex ReferringPhysicianName "
        "RequestedProcedureID RequestedProcedureDescription StudyInstanceUID "
        "ScheduledProcedureStepID ScheduledProcedureStepDescription ScheduledStationName "
        "ScheduledPerformingPhysicianName Comments".split(),
        "",
    )
    whole |= {
        "RequestedProcedurePriority": "ROUTINE",
        "ScheduledProcedureStepStartDate": f"{datetime.now().astimezone():%Y%m%d}",
        "ScheduledProcedureStepStartTime": "235500",
    }
    answer = httpx.post(f"{server.http}/api/orders", json=whole | attributes, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_order_is_changed_cancelled_and_brought_back(wide, server, findscu):
    make(server, {"PatientID": "CHG-1", "PatientName": "Noether^Emmy==", "Modality": "MR",
                  "ScheduledStationAETitle": "MR1"})  # fmt: skip
    wide.page.goto(f"{server.http}/worklist")
    name = "Noether, Emmy"
    order_row(wide, name).click()
    wide("edit-order").click()
    wide("order-form").wait_for()
    fill(wide, given="Amalie Emmy")
    wide("save-order").click()
    order_row(wide, "Noether, Amalie Emmy").wait_for()
    assert "Noether^Amalie Emmy" in worklist(server, findscu, "MR1")

    order_row(wide, name="Noether").get_by_test_id("order-menu").click()
    wide.page.get_by_role("menuitem", name="Cancel the order").click()
    wide.until("cancelled", lambda: status_of(wide, "Noether") == "cancelled", LIVE_S)
    assert "Noether" not in worklist(server, findscu, "MR1")
    wide("toast-action").click()
    wide.until("brought back", lambda: status_of(wide, "Noether") == "scheduled", LIVE_S)
    assert "Noether" in worklist(server, findscu, "MR1")


def test_a_wrong_choice_at_the_scanner_is_shown_on_top_and_put_right(wide, server, findscu):
    # MPPS-01: reason 110514, incorrect worklist entry selected
    order = make(server, {"PatientID": "WRONG-1", "PatientName": "Franklin^Rosalind",
                          "Modality": "CT", "ScheduledStationAETitle": STATION})  # fmt: skip
    scanner = Scanner(server, order)
    scanner.begins()
    scanner.gives_up("110514", "Incorrect worklist entry selected")
    wide.page.goto(f"{server.http}/worklist?day=tomorrow")
    wide("attention").get_by_text("Franklin, Rosalind").click()
    wide("attention-note").wait_for()
    wide("procedure-steps").get_by_text("Incorrect worklist entry selected").wait_for()
    wide.page.wait_for_timeout(400)  # the drawer slides in
    wide.shoot("order-attention-wide")
    wide("reschedule").click()
    wide("attention").wait_for(state="hidden")
    assert "Franklin" in worklist(server, findscu)


def unscheduled(name, patient_id):
    """What a scanner says of somebody whom no worklist told it of."""
    keywords = (
        "AccessionNumber RequestedProcedureID RequestedProcedureDescription "
        "ScheduledProcedureStepID ScheduledProcedureStepDescription"
    )
    return dict.fromkeys(keywords.split(), "") | {
        "PatientName": name, "PatientID": patient_id, "StudyInstanceUID": generate_uid(),
        "ScheduledProcedureStepStartDate": f"{datetime.now().astimezone():%Y%m%d}",
    }  # fmt: skip


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_what_was_reported_without_an_order_becomes_one(open_app, server, storescu, images, scheme):
    app = open_app(path="/worklist")
    if scheme == "light":
        app("colour-scheme").click()
    scanned = unscheduled("Hodgkin^Dorothy", f"UNS-{scheme}")
    scanner, paths = Scanner(server, scanned), images(scanned)
    scanner.begins()
    scanner.has_made(paths, is_last=True)
    send(server, paths[:4])
    Scanner(server, unscheduled("Goeppert^Maria", f"UNS2-{scheme}")).begins()
    steps = app.page.get_by_test_id("unscheduled-step")
    step = steps.filter(has_text=f"UNS-{scheme}")
    step.get_by_text(f"Head routine · CT at {STATION} · 09:30 to 09:45 · 4 of 6").wait_for()
    step.get_by_text("completed").wait_for()
    steps.filter(has_text=f"UNS2-{scheme}").get_by_text("in progress").wait_for()
    app("unscheduled").scroll_into_view_if_needed()
    app.shoot(f"worklist-unscheduled-{scheme}")
    app.page.set_viewport_size({"width": 390, "height": 844})
    app("unscheduled").scroll_into_view_if_needed()
    assert app.overflow() <= 0
    app.shoot(f"worklist-unscheduled-phone-{scheme}")
    app.page.set_viewport_size({"width": 1440, "height": 900})

    step.get_by_test_id("make-order").click()
    app("order-form").wait_for()
    assert app("order-time").input_value() == "09:30"
    app.page.wait_for_timeout(400)  # the drawer slides in
    app.shoot(f"order-of-step-{scheme}")
    fill(app, patientId=f"UNS-{scheme}-RIGHT")
    app("save-order").click()
    step.wait_for(state="detached")
    row = app.page.get_by_test_id("row").filter(has_text=f"UNS-{scheme}-RIGHT")
    row.get_by_text("completed").wait_for()
    row.get_by_text(f"4 of {IMAGES} received").wait_for()


def test_the_study_of_a_step_without_an_order_is_opened(wide, server, storescu, images):
    scanned = unscheduled("Payne^Cecilia", "UNS-OPEN")
    Scanner(server, scanned).begins()
    send(server, images(scanned))
    wide.page.goto(f"{server.http}/worklist")
    step = wide.page.get_by_test_id("unscheduled-step").filter(has_text="UNS-OPEN")
    step.get_by_test_id("open-unscheduled-study").click()
    wide("study-header").get_by_text("Payne, Cecilia").wait_for()


def test_a_study_that_stays_incomplete_says_how_many_are_missing_as_its_order_does(
    wide, tmp_path, storescu, images
):  # MPPS-03
    soon = {"HOUNSFIELD_COMPLETE_AFTER_S": "1", "HOUNSFIELD_INCOMPLETE_AFTER_S": "2"}
    with live_server(tmp_path / "data", environment=soon) as server:
        order = make(server, {"PatientID": "INC-1", "PatientName": "Germain^Sophie",
                              "Modality": "CT", "ScheduledStationAETitle": STATION})  # fmt: skip
        scanner, paths = Scanner(server, order), images(order)
        scanner.begins()
        scanner.has_made(paths, is_last=True)
        send(server, paths[:4])
        wide.page.goto(server.http)
        badge = wide.row(order["StudyInstanceUID"]).get_by_test_id("status-incomplete")
        badge.get_by_text("2 missing").wait_for()
        assert "Send the study again" in badge.get_attribute("aria-label")
        badge.hover()
        wide.page.get_by_role("tooltip").wait_for()
        wide.shoot("list-incomplete-wide")

        wide.page.goto(f"{server.http}/worklist")
        attention = wide("attention")
        attention.get_by_text("MPPS names 6 images, 4 are here").wait_for()
        attention.get_by_role("button", name="Germain, Sophie").click()
        wide("attention-note").get_by_text("Missing: 2 of Axial 1.0").wait_for()
        wide.page.wait_for_timeout(400)  # the drawer slides in
        wide.shoot("order-incomplete-wide")
        wide("accept-missing").click()
        wide("attention-note").wait_for(state="hidden")
        attention.wait_for(state="hidden")
        wide.page.goto(server.http)
        badge.get_by_text("2 missing").wait_for()
        send(server, paths[4:])
        wide.row(order["StudyInstanceUID"]).get_by_test_id("status-complete").wait_for()
        wide.page.goto("about:blank")  # lets go of the feed before its server stops


def test_the_worklist_is_searched_filtered_and_walked_by_key(wide, server):
    make(server, {"PatientID": "KEY-1", "PatientName": "Curie^Marie", "Modality": "DX",
                  "ScheduledStationAETitle": "DX1"})  # fmt: skip
    wide.page.goto(f"{server.http}/worklist")
    order_row(wide, "Curie, Marie").wait_for()
    keyboard = wide.page.keyboard
    keyboard.press("/")
    keyboard.type("curie")
    wide.until("only the one", lambda: wide.page.get_by_test_id("row").count() == 1, LIVE_S)
    assert "q=curie" in wide.page.url
    keyboard.press("Escape")
    keyboard.press("j")
    keyboard.press("a")
    wide.until("arrived by key", lambda: status_of(wide, "Curie, Marie") == "arrived", LIVE_S)
    keyboard.press("Enter")
    wide("order-detail").wait_for()
    keyboard.press("Escape")
    wide("order-detail").wait_for(state="hidden")
    wide.page.goto(f"{server.http}/worklist?day=tomorrow")
    wide("no-orders").wait_for()
    keyboard.press("t")
    order_row(wide, "Curie, Marie").wait_for()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_worklist_fits_a_phone(open_app, server, scheme):
    make(server, {"PatientID": f"PH-{scheme}", "PatientName": "Meitner^Lise", "Modality": "CT",
                  "ScheduledStationAETitle": STATION})  # fmt: skip
    app = open_app(PHONE, path="/worklist", has_touch=True, is_mobile=True)
    if scheme == "light":
        app("colour-scheme").click()
    order_row(app, "Meitner, Lise").first.wait_for()
    assert app.overflow() <= 0
    app.shoot(f"worklist-phone-{scheme}")
    app("new-order").tap()
    app("order-form").wait_for()
    app.page.wait_for_timeout(400)  # the drawer slides in
    assert app.overflow() <= 0
    app.shoot(f"order-form-phone-{scheme}")
    assert re.search(r"\d\d:\d\d", app("order-time").input_value())
