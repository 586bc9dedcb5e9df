"""Sending by hand: watched, held back, given up; and what a peer refused is named."""

import pydicom
import pytest
from pydicom.uid import CTImageStorage
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel
from tests import dcmtk
from tests.dimse.committing import Keeper
from tests.e2e.conftest import PHONE
from tests.e2e.screens import LIVE_S, send
from tests.e2e.storage_peer import StoragePeer, free_port, introduce


@pytest.fixture(scope="module")
def study(server, storescu, ct_slices):
    send(server, ct_slices[:4])
    return str(pydicom.dcmread(ct_slices[0], stop_before_pixels=True).StudyInstanceUID)


@pytest.fixture(scope="module")
def live_peer(server, tmp_path_factory):
    path = dcmtk.program("storescp")
    if path is None:
        pytest.skip("DCMTK's storescp is not installed")
    with StoragePeer(path, tmp_path_factory.mktemp("storescp")) as peer:
        introduce(server, "ALIVE", peer.port)
        yield peer


@pytest.fixture(scope="module")
def dead_peer(server):
    return introduce(server, "DEAD", free_port())


@pytest.fixture(scope="module")
def full_peer(server, ct_slices):
    """A peer that has room for all but one image."""
    refused = str(pydicom.dcmread(ct_slices[1], stop_before_pixels=True).SOPInstanceUID)

    def on_store(event):
        return 0xA700 if event.request.AffectedSOPInstanceUID == refused else 0x0000

    archive = AE("FULL")
    archive.add_supported_context(CTImageStorage)
    running = archive.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)]
    )
    introduce(server, "FULL", running.server_address[1], "FULL")
    yield refused
    running.shutdown()


def send_to(app, peer):
    """Choose a peer in the dialog that is open, and send."""
    app("send-dialog").wait_for()
    app("send-peer").click()
    app.page.get_by_role("option", name=peer, exact=True).click()
    app("send-now").click()


def test_the_page_says_what_jobs_are_before_there_is_one(wide, server):
    wide.page.goto(f"{server.http}/network/jobs")
    wide("no-jobs").wait_for()
    wide.shoot("jobs-empty-wide")


def test_a_study_is_sent_from_the_list(wide, server, study, live_peer):
    wide.row(study).hover()
    wide.shoot("list-row-action-wide")
    wide.row(study).get_by_test_id("row-send").click()
    send_to(wide, "ALIVE")
    wide("send-state").get_by_text("ALIVE has it").wait_for()
    wide("send-state").get_by_text("4 images accepted").wait_for()
    wide.shoot("send-done-wide")
    assert len(live_peer.received()) == 4


def test_a_refused_image_is_named_with_the_reason_of_the_peer(wide, server, study, full_peer):
    wide.page.goto(f"{server.http}/studies/{study}")
    wide.wait_for_image()
    wide.page.keyboard.press("e")
    send_to(wide, "FULL")
    wide("send-failures").get_by_text(full_peer).wait_for()
    wide.shoot("send-refused-wide")
    wide.page.get_by_text("Show the job").click()
    wide("job-detail").wait_for()
    failures = wide("job-failures")
    failures.get_by_text("1 image refused by FULL").wait_for()
    failures.get_by_text(full_peer).wait_for()
    failures.get_by_text("A700", exact=False).wait_for()
    wide.shoot("job-detail-refused-wide")


@pytest.fixture(scope="module")
def keeping_peer(server, ct_slices):
    """A peer that takes everything, and commits all but one image."""
    lost = str(pydicom.dcmread(ct_slices[1], stop_before_pixels=True).SOPInstanceUID)
    keeper = Keeper(failing=(lost,))
    archive = AE("KEEPER")
    archive.add_supported_context(CTImageStorage)
    archive.add_supported_context(StorageCommitmentPushModel)
    running = archive.start_server(
        ("127.0.0.1", 0), block=False,
        evt_handlers=[(evt.EVT_C_STORE, lambda _event: 0x0000), (evt.EVT_N_ACTION, keeper.on_action)],
    )  # fmt: skip
    introduce(server, "KEEPER", running.server_address[1], "KEEPER")
    yield lost
    running.shutdown()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_what_was_sent_and_is_not_committed_is_named(open_app, server, study, keeping_peer, scheme):
    # SC-03
    wide = open_app()
    if scheme == "light":
        wide("colour-scheme").click()
    wide.row(study).hover()
    wide.row(study).get_by_test_id("row-send").click()
    wide("send-commit").press(" ")
    wide.shoot(f"send-commit-{scheme}")
    wide.page.set_viewport_size({"width": 390, "height": 844})
    wide.shoot(f"send-commit-phone-{scheme}")
    wide.page.set_viewport_size({"width": 1440, "height": 900})
    send_to(wide, "KEEPER")
    wide("send-state").get_by_text("KEEPER has it").wait_for()
    wide.page.goto(f"{server.http}/network/jobs?peer=KEEPER")
    row = wide.page.get_by_test_id("row").filter(has_text="Commitment of CT").first
    row.get_by_text("1 not committed").wait_for()
    row.click()
    failures = wide("job-failures")
    failures.get_by_text("1 image not committed by KEEPER").wait_for()
    failures.get_by_text(keeping_peer).wait_for()
    wide.page.wait_for_timeout(400)  # the drawer slides in
    wide.shoot(f"job-detail-not-committed-{scheme}")


def test_a_job_to_a_dead_peer_waits_is_held_back_and_cancelled(wide, server, study, dead_peer):
    wide.row(study).hover()
    wide.row(study).get_by_test_id("row-send").click()
    send_to(wide, dead_peer)
    wide.until(
        "it waits for the next try",
        lambda: wide("send-state").get_attribute("data-state") == "waiting",
    )
    wide.shoot("send-waiting-wide")
    wide.page.goto(f"{server.http}/network/jobs?peer={dead_peer}")
    row = wide.page.get_by_test_id("row").first

    def state():
        return row.get_by_test_id("job-state").inner_text().strip()

    row.get_by_text("next try", exact=False).wait_for()
    wide.shoot("jobs-waiting-wide")
    row.get_by_test_id("job-pause").click()
    wide.until("paused", lambda: state() == "paused", LIVE_S)
    row.get_by_test_id("job-resume").click()
    wide.until("goes on", lambda: state() != "paused", LIVE_S)
    wide.until("waits again", lambda: state() == "waiting")

    lane = wide.page.locator(f'[data-testid="lanes"] [data-peer="{dead_peer}"]')
    lane.get_by_test_id("lane-pause").click()
    lane.get_by_text("paused: nothing is sent to it", exact=False).wait_for()
    row.get_by_text(f"{dead_peer} is paused").wait_for()
    assert row.get_by_text("next try", exact=False).count() == 0
    wide.shoot("jobs-lane-paused-wide")
    lane.get_by_test_id("lane-resume").click()
    lane.get_by_test_id("lane-pause").wait_for()

    row.get_by_test_id("job-cancel").click()
    wide.until("cancelled", lambda: state() == "cancelled")
    wide("tab-cancelled").click()
    row.wait_for()
    assert "state=cancelled" in wide.page.url
    wide("tab-running").click()
    wide("no-such-jobs").wait_for()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_jobs_fit_a_phone(open_app, server, scheme):
    app = open_app(PHONE, path="/network/jobs", has_touch=True, is_mobile=True)
    if scheme == "light":
        app("colour-scheme").click()
    app.page.get_by_test_id("row").first.wait_for()
    assert app.overflow() <= 0
    app.shoot(f"jobs-phone-{scheme}")
