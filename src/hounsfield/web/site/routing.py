"""Routing rules in the JSON API."""

from typing import TYPE_CHECKING, Literal

import orjson
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from hounsfield.archive.site.routing import Routing
from hounsfield.dicom.matching import texts
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.index.site import routed, routing

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

_PATIENT_NAME = "00100010"


class Match(BaseModel):
    """What must be true of an instance; what is empty is true of all. The description has ``*`` and ``?``."""

    source_ae_titles: list[str] = Field(default=[], max_length=100)
    modalities: list[str] = Field(default=[], max_length=100)
    study_description: str = Field(default="", max_length=64)
    station_names: list[str] = Field(default=[], max_length=100)
    sop_classes: list[str] = Field(default=[], max_length=100)

    def kept(self) -> routed.Match:
        """The same for the index."""
        return routed.Match(
            tuple(self.source_ae_titles),
            tuple(self.modalities),
            self.study_description,
            tuple(self.station_names),
            tuple(self.sop_classes),
        )


class NewRule(BaseModel):
    """A rule to be kept. "received" sends each instance that matches, "complete" a study with any such instance.

    With ``asks_commitment`` each peer is asked, by a job of its own, to commit what it accepted.
    """

    name: str = Field(max_length=64)
    is_enabled: bool = True
    when: Literal["complete", "received"] = "complete"
    match: Match = Match()
    destinations: list[str] = Field(max_length=100)
    asks_commitment: bool = False

    def kept(self, rule_id: str = "") -> routing.Rule:
        """The same for the index."""
        return routing.Rule(
            self.name,
            self.when,
            self.match.kept(),
            tuple(self.destinations),
            self.is_enabled,
            rule_id,
            asks_commitment=self.asks_commitment,
        )


class Rule(NewRule):
    """A rule that is kept; times in µs since 1970, UTC."""

    id: str
    created_us: int
    updated_us: int
    last_job_us: int | None


class Rules(BaseModel):
    """All rules, in the order of their making."""

    rules: list[Rule]


class Trial(BaseModel):
    """What to look for."""

    match: Match


class MatchingStudy(BaseModel):
    """A study that a rule would be true of."""

    StudyInstanceUID: str
    PatientName: str
    StudyDescription: str
    StudyDate: str


class MatchingStudies(BaseModel):
    """The newest studies that match, and how many there are; no more than 10,000 are counted."""

    studies: list[MatchingStudy]
    count: int


def add_routing(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of routing rules."""
    rules = Routing(parts.index, parts.peers)

    @app.get("/routing-rules")
    async def list_rules(request: Request) -> Rules:
        """All rules, in the order of their making."""
        found = await in_thread(rules.rules, principal_of(request))
        return Rules(rules=[_model(one) for one in found])

    @app.post("/routing-rules", status_code=201)
    async def add_rule(request: Request, rule: NewRule) -> Rule:
        """Keep a rule; it holds for what happens from now on."""
        return _model(await in_thread(rules.add, principal_of(request), rule.kept()))

    @app.put("/routing-rules/{rule_id}")
    async def change_rule(request: Request, rule_id: str, rule: NewRule) -> Rule:
        """Change a rule; one that is enabled by it holds from now on."""
        return _model(await in_thread(rules.replace, principal_of(request), rule.kept(rule_id)))

    @app.delete("/routing-rules/{rule_id}", status_code=204)
    async def remove_rule(request: Request, rule_id: str) -> None:
        """Forget a rule; jobs that it made stay."""
        await in_thread(rules.remove, principal_of(request), rule_id)

    @app.post("/routing-rules/try")
    async def try_rule(request: Request, trial: Trial) -> MatchingStudies:
        """Look which of the newest studies a rule would be true of."""

        def look() -> MatchingStudies:
            found, count = rules.studies_that_match(principal_of(request), trial.match.kept())
            studies = [
                MatchingStudy(
                    StudyInstanceUID=row.study_instance_uid,
                    PatientName="".join(
                        texts(orjson.loads(row.patient).get(_PATIENT_NAME), "PN")[:1]
                    ),
                    StudyDescription=row.study_description,
                    StudyDate=row.study_date,
                )
                for row in found
            ]
            return MatchingStudies(studies=studies, count=count)

        return await in_thread(look)


def _model(rule: routing.Rule) -> Rule:
    match = rule.match
    return Rule(
        id=rule.id,
        name=rule.name,
        is_enabled=rule.is_enabled,
        when=rule.when,
        match=Match(
            source_ae_titles=list(match.source_ae_titles),
            modalities=list(match.modalities),
            study_description=match.study_description,
            station_names=list(match.station_names),
            sop_classes=list(match.sop_classes),
        ),
        destinations=list(rule.destinations),
        asks_commitment=rule.asks_commitment,
        created_us=rule.created_us,
        updated_us=rule.updated_us,
        last_job_us=rule.last_job_us,
    )
