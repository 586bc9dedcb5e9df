"""A routing rule made in the app sends what arrives to another archive."""

import httpx
import pydicom
import pytest
from tests import dcmtk
from tests.e2e.conftest import PHONE
from tests.e2e.screens import LIVE_S, send
from tests.e2e.storage_peer import StoragePeer, introduce


@pytest.fixture(scope="module")
def storescp(tmp_path_factory):
    path = dcmtk.program("storescp")
    if path is None:
        pytest.skip("DCMTK's storescp is not installed")
    with StoragePeer(path, tmp_path_factory.mktemp("storescp")) as peer:
        yield peer


@pytest.fixture(scope="module")
def peer(server, storescp):
    return introduce(server, "PACS-B", storescp.port)


def choose(app, test_id, option):
    app(test_id).click()
    app.page.get_by_role("option", name=option, exact=True).click()


def rules(server):
    return httpx.get(f"{server.http}/api/routing-rules", timeout=10).json()["rules"]


def open_page(app):
    app.page.goto(f"{app.server.http}/network/routing")
    app("routing-page").wait_for()


def test_an_arriving_study_goes_where_the_rule_says(
    wide, server, peer, storescp, storescu, ct_slices, mr_slices
):
    send(server, mr_slices[:2])  # is there before the rule, and stays here
    open_page(wide)
    wide("no-rules").wait_for()
    wide.shoot("routing-empty-wide")
    wide("new-rule").click()
    choose(wide, "rule-modalities", "MR")
    wide("rule-trial").get_by_text("1 study here would have matched").wait_for()
    wide("rule-modalities").press("Backspace")
    choose(wide, "rule-modalities", "CT")
    wide("rule-trial").get_by_text("No study here would have matched").wait_for()
    wide("rule-name").click()
    choose(wide, "rule-destinations", peer)
    wide("rule-commit").press(" ")
    wide.shoot("rule-form-wide")
    wide("rule-name").click()
    wide("save-rule").click()
    wide("rule-sentence").get_by_text("When a CT study is complete").wait_for()
    wide("rule-sentence").get_by_text("and ask to commit it").wait_for()
    assert rules(server)[0]["asks_commitment"]
    assert wide("rule-warning").count() == 0
    wide.shoot("routing-wide")

    send(server, ct_slices[:5])
    wide.page.goto(f"{server.http}/network/jobs")
    row = wide.page.get_by_test_id("row").filter(has_text="5 of 5").first
    row.wait_for()
    asked = wide.page.get_by_test_id("row").filter(has_text="Commitment of CT")
    wide.until("storescp commits nothing", lambda: "failed" in asked.inner_text())
    wide.until("done", lambda: row.get_by_test_id("job-state").inner_text().strip() == "done")
    assert "5 of 5" in row.get_by_test_id("job-progress").inner_text()
    wide.shoot("jobs-done-wide")
    uids = {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID) for p in ct_slices[:5]}
    came = {str(pydicom.dcmread(p).SOPInstanceUID) for p in storescp.received()}
    assert came == uids
    row.click()
    wide("job-detail").get_by_text("Open the study").wait_for()
    wide.shoot("job-detail-done-wide")


def test_a_rule_is_switched_off_changed_deleted_and_brought_back(wide, server, peer):
    made = {
        "name": "Heads", "is_enabled": True, "when": "received", "destinations": [peer],
        "match": {"source_ae_titles": ["CT2"], "modalities": ["CT", "MR"],
                  "study_description": "*head*", "station_names": [], "sop_classes": []},
    }  # fmt: skip
    answer = httpx.post(f"{server.http}/api/routing-rules", json=made, timeout=10)
    assert answer.status_code == 201, answer.text
    open_page(wide)
    card = wide.page.get_by_test_id("rule").filter(has_text="Heads")
    card.get_by_text(
        "When an image of a CT or MR study from CT2 described “*head*” arrives"
    ).wait_for()

    def kept():
        return next((rule for rule in rules(server) if rule["name"] == "Heads"), None)

    card.get_by_role("switch").press(" ")
    wide.until("switched off", lambda: not kept()["is_enabled"], LIVE_S)
    card.get_by_test_id("rule-edit").click()
    wide("rule-form").wait_for()
    wide("rule-description").fill("*neck*")
    wide("save-rule").click()
    wide.until("changed", lambda: kept()["match"]["study_description"] == "*neck*", LIVE_S)
    wide("rule-form").wait_for(state="hidden")
    card.get_by_test_id("rule-delete").click()
    wide.until("deleted", lambda: kept() is None, LIVE_S)
    wide("toast").filter(has_text="is deleted").get_by_test_id("toast-action").click()
    wide.until("brought back", lambda: kept() is not None, LIVE_S)
    card.wait_for()


def test_a_modality_that_is_typed_is_part_of_the_rule(wide, server, peer):
    open_page(wide)
    wide("new-rule").first.click()
    wide("rule-modalities").fill("opt")
    wide("rule-name").fill("Eyes")  # on, without Enter and without a choice from the list
    choose(wide, "rule-destinations", peer)
    wide("save-rule").click()
    made = wide.until("made", lambda: [r for r in rules(server) if r["name"] == "Eyes"], LIVE_S)
    assert made[0]["match"]["modalities"] == ["OPT"]


def test_a_rule_whose_peer_is_gone_says_so(wide, server, peer):
    introduce(server, "SHORT-LIVED", 104, "SHORT")
    made = {
        "name": "Orphan", "is_enabled": True, "when": "complete", "destinations": ["SHORT-LIVED"],
        "match": {"source_ae_titles": [], "modalities": ["US"], "study_description": "",
                  "station_names": [], "sop_classes": []},
    }  # fmt: skip
    httpx.post(f"{server.http}/api/routing-rules", json=made, timeout=10).raise_for_status()
    httpx.delete(f"{server.http}/api/peers/SHORT-LIVED", timeout=10).raise_for_status()
    open_page(wide)
    card = wide.page.get_by_test_id("rule").filter(has_text="Orphan")
    card.get_by_test_id("rule-warning").get_by_text("There is no peer “SHORT-LIVED”").wait_for()
    card.get_by_role("switch").press(" ")
    wide.until(
        "it can be switched off",
        lambda: not next(r for r in rules(server) if r["name"] == "Orphan")["is_enabled"],
        LIVE_S,
    )


def test_the_rules_fit_a_phone(open_app, server, peer):
    app = open_app(PHONE, path="/network/routing", has_touch=True, is_mobile=True)
    app("routing-page").wait_for()
    assert app.overflow() <= 0
    app.shoot("routing-phone")
    app("new-rule").tap()
    app("rule-form").wait_for()
    app.page.wait_for_timeout(400)  # the drawer slides in
    assert app.overflow() <= 0
    app.shoot("rule-form-phone")
