"""Routing rules by the JSON API."""

import pytest
from tests.instances import ROOT, numbered

RULES = "/api/routing-rules"
MATCH = {
    "source_ae_titles": ["CT1"],
    "modalities": ["CT"],
    "study_description": "head*",
    "station_names": [],
    "sop_classes": [],
}
RULE = {
    "name": "Heads",
    "is_enabled": True,
    "when": "complete",
    "match": MATCH,
    "destinations": ["pacs1"],
    "asks_commitment": False,
}


def test_a_rule_is_added_changed_and_removed(site):
    answer = site.client.post(RULES, json=RULE)
    assert answer.status_code == 201
    rule = answer.json()
    assert rule == RULE | {
        "id": rule["id"],
        "created_us": rule["created_us"],
        "updated_us": rule["created_us"],
        "last_job_us": None,
    }
    assert site.client.get(RULES).json() == {"rules": [rule]}
    changed = site.client.put(f"{RULES}/{rule['id']}", json=RULE | {"is_enabled": False})
    assert (changed.status_code, changed.json()["is_enabled"]) == (200, False)
    asking = site.client.put(f"{RULES}/{rule['id']}", json=RULE | {"asks_commitment": True})
    assert asking.json()["asks_commitment"]
    assert site.client.get(RULES).json()["rules"][0]["asks_commitment"]
    assert site.client.delete(f"{RULES}/{rule['id']}").status_code == 204
    assert site.client.get(RULES).json() == {"rules": []}
    assert site.client.delete(f"{RULES}/{rule['id']}").status_code == 404
    assert site.client.put(f"{RULES}/{rule['id']}", json=RULE).status_code == 404


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"name": "  "}, "a rule needs a name"),
        ({"name": "Taken"}, "there is a rule 'Taken' already"),
        ({"destinations": []}, "a rule needs a peer"),
        ({"destinations": ["nobody"]}, "there is no peer 'nobody'"),
        ({"destinations": ["any"]}, "has no host and port"),
        ({"when": "sometimes"}, "when: "),
        ({"match": {"sop_classes": ["CT Image Storage"]}}, "is no UID of a SOP class"),
        ({"match": {"source_ae_titles": ["A" * 17]}}, "is no AE title"),
        ({"match": {"station_names": ["a\x00b"]}}, "printable"),
        ({"match": {"modalities": ["CT"] * 101}}, "match.modalities: "),
        ({"match": {"modalities": "CT"}}, "match.modalities: "),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(site, change, detail):
    site.client.post(RULES, json=RULE | {"name": "Taken"})
    answer = site.client.post(RULES, json=RULE | change)
    assert answer.status_code == 400
    assert detail in answer.json()["detail"]


def test_a_rule_is_tried_on_what_is_there(site):
    for study in range(1, 4):
        site.put(numbered(study, StudyDescription="Head" if study < 3 else "Chest"))
    body = {"match": {"modalities": ["CT"], "study_description": "head*"}}
    found = site.client.post(f"{RULES}/try", json=body).json()
    assert found["count"] == 2
    assert found["studies"] == [
        {
            "StudyInstanceUID": f"{ROOT}.{study}",
            "PatientName": "Doe^Jane",
            "StudyDescription": "Head",
            "StudyDate": "20240131",
        }
        for study in (2, 1)
    ]
    nothing = site.client.post(f"{RULES}/try", json={"match": {"modalities": ["MR"]}}).json()
    assert nothing == {"studies": [], "count": 0}
