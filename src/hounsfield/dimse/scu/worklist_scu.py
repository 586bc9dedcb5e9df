"""Modality Worklist as SCU: what somebody else's worklist has scheduled (PS3.4 annex K)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hounsfield.archive.site.remote import MOST_MATCHES, document, keys_of
from hounsfield.dicom.sop_classes import MODALITY_WORKLIST_FIND
from hounsfield.dimse.browsing import answering_within
from hounsfield.dimse.scu.find_scu import Find
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation
from hounsfield.dimse.targets import target_of
from hounsfield.errors import InvalidQuery
from hounsfield.index.site.records import Peer

_STEPS = "00400100"
# PS3.4 table K.6-1: matching keys, and what a person wants to see.
STEP_KEYWORDS = (
    "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality",
    "ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription", "ScheduledStationName",
    "ScheduledProcedureStepLocation", "ScheduledProcedureStepID",
)  # fmt: skip
ITEM_KEYWORDS = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "AccessionNumber",
    "ReferringPhysicianName", "StudyInstanceUID", "RequestedProcedureID", "RequestedProcedureDescription",
    "RequestedProcedurePriority", "AdmissionID", "PatientWeight", "MedicalAlerts", "PregnancyStatus",
)  # fmt: skip


@dataclass(slots=True)
class WorklistAnswer:
    """Scheduled procedure steps by keyword, what stands above them included."""

    items: list[dict[str, Any]] = field(default_factory=list)
    has_more: bool = False
    warnings: list[str] = field(default_factory=list)


def identifier_of(match: Mapping[str, str]) -> dict[str, Any]:
    """The identifier of a worklist query; raises InvalidQuery."""
    steps = dict.fromkeys(STEP_KEYWORDS, "")
    item = dict.fromkeys(ITEM_KEYWORDS, "")
    for keyword, value in match.items():
        (steps if keyword in steps else item)[keyword] = value
    return keys_of(item) | {_STEPS: {"vr": "SQ", "Value": [keys_of(steps)]}}


def steps_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scheduled procedure steps of an answer; one without any stands for itself."""
    above = document(answer)
    steps = [one for one in answer.get(_STEPS, {}).get("Value", ()) if isinstance(one, dict)]
    return [above | document(step) for step in steps or [{}]]


def ask_worklist(
    peer: Peer,
    our_ae_title: str,
    match: Mapping[str, str],
    *,
    limit: int = 200,
    within_s: float = 30.0,
) -> WorklistAnswer:
    """Ask a peer's worklist. Raises InvalidQuery, NotAcceptable, Refused, Unavailable."""
    if not 0 < limit <= MOST_MATCHES:
        raise InvalidQuery(f"{limit} items: 1 to {MOST_MATCHES} are possible")
    identifier = identifier_of(match)
    target = answering_within(target_of(peer, our_ae_title), within_s)
    answer = WorklistAnswer()
    with ScuAssociation(target, [(MODALITY_WORKLIST_FIND, MESSAGE_SYNTAXES)]) as scu:
        find = Find(
            scu,
            MODALITY_WORKLIST_FIND,
            identifier,
            limit=limit,
            charset=peer.character_set,
            within_s=within_s,
        )
        for one in find:
            answer.items += steps_of(one)
    answer.has_more = find.has_more or find.is_late
    answer.warnings = find.warnings(peer.name or peer.ae_title, is_selective=any(match.values()))
    return answer
