"""Routing: what makes a sensible rule, who may make it, and sending a study by hand."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hounsfield.archive.access import Principal, require
from hounsfield.archive.site.addresses import is_network
from hounsfield.dicom.ae_titles import is_valid_ae_title
from hounsfield.errors import InvalidQuery, NotFound
from hounsfield.index.index import Index
from hounsfield.index.site.jobs import Job, Jobs, NewJob
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.routed import Match
from hounsfield.index.site.routing import RoutingRules, Rule

_MOST_MEMBERS, _MOST_TEXT, _MOST_NAME = 100, 64, 64
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
EXAMPLES = 20


class Routing:
    """Manages rules and adds jobs that send."""

    def __init__(self, index: Index, peers: Peers) -> None:
        self._index = index
        self._peers = peers
        self._rules = RoutingRules(index.database)
        self._jobs = Jobs(index.database)

    def rules(self, principal: Principal) -> list[Rule]:
        """All rules, in the order of their making."""
        require(principal, "administer")
        return self._rules.all()

    def rule_named(self, principal: Principal, name: str) -> Rule:
        """The rule of a name or ID; raises NotFound."""
        for rule in self.rules(principal):
            if name in {rule.name, rule.id}:
                return rule
        raise NotFound(f"there is no routing rule {name!r}")

    def add(self, principal: Principal, rule: Rule) -> Rule:
        """Keep a rule; raises InvalidQuery and Refused."""
        require(principal, "administer")
        return self._rules.add(self._checked(rule))

    def replace(self, principal: Principal, rule: Rule) -> Rule:
        """Change the rule of this ID; raises InvalidQuery, NotFound and Refused."""
        require(principal, "administer")
        return self._rules.replace(self._checked(rule))

    def enable(self, principal: Principal, rule: Rule, *, is_enabled: bool) -> Rule:
        """Let a rule hold from now on, or no longer; its peers may be gone by now."""
        require(principal, "administer")
        return self._rules.replace(replace(rule, is_enabled=is_enabled))

    def remove(self, principal: Principal, rule_id: str) -> None:
        """Forget a rule; raises NotFound and Refused."""
        require(principal, "administer")
        self._rules.remove(rule_id)

    def studies_that_match(self, principal: Principal, match: Match) -> tuple[list[Any], int]:
        """Some of the newest studies that a rule would be true of, and how many there are."""
        require(principal, "administer")
        return self._rules.studies_that_match(checked(match), EXAMPLES)

    def send(
        self,
        principal: Principal,
        study_instance_uid: str,
        peer: str,
        series_instance_uids: Sequence[str] = (),
        *,
        asks_commitment: bool = False,
    ) -> Job:
        """Add a job that sends a study, or some series of it, to a peer; raises NotFound and InvalidQuery.

        With ``asks_commitment`` the peer is asked afterwards to commit what it accepted.
        """
        require(principal, "retrieve")
        self._require_peer(peer)
        arguments: dict[str, Any] = {}
        locations = self._index.locate(study_instance_uid)
        if series_instance_uids:
            wanted = set(series_instance_uids)
            there = {one.series_instance_uid for one in locations}
            if missing := wanted - there:
                raise NotFound(f"the study has no series {min(missing)[:64]!r}")
            locations = [one for one in locations if one.series_instance_uid in wanted]
            arguments["series"] = sorted(wanted)
        if not locations:
            raise NotFound("there is no such study here")
        if asks_commitment:
            arguments["asks_commitment"] = True
        new = NewJob(
            "send",
            self._rules.title_of(study_instance_uid, peer),
            lane=peer,
            arguments=arguments,
            study_instance_uid=study_instance_uid,
            actor=principal.name,
            total=len(locations),
        )
        return self._jobs.get(self._jobs.add(new))

    def _checked(self, rule: Rule) -> Rule:
        """A rule as it can be kept; raises InvalidQuery with the words for it."""
        name = rule.name.strip()
        if not 0 < len(name) <= _MOST_NAME or not name.isprintable():
            raise InvalidQuery(f"a rule needs a name of 1 to {_MOST_NAME} characters")
        kept = self._rules.all()
        if any(one.name == name and one.id != rule.id for one in kept):
            raise InvalidQuery(f"there is a rule {name!r} already")
        destinations = tuple(dict.fromkeys(rule.destinations))
        if not 0 < len(destinations) <= _MOST_MEMBERS:
            raise InvalidQuery("a rule needs a peer to send to")
        # a peer that the rule names already may be gone: the rule is still to be changed and disabled
        before = next((one.destinations for one in kept if one.id == rule.id), ())
        for one in destinations:
            if one not in before:
                self._require_peer(one)
        return replace(rule, name=name, destinations=destinations, match=checked(rule.match))

    def _require_peer(self, name: str) -> None:
        peer = self._peers.by_name(name)
        if peer is None:
            known = ", ".join(one.name for one in self._peers.all() if one.name) or "none"
            raise InvalidQuery(f"there is no peer {name[:64]!r} (there: {known})")
        if peer.host is None or peer.port is None or is_network(peer.host):
            raise InvalidQuery(f"the peer {name!r} has no host and port to send to")


def checked(match: Match) -> Match:
    """A match without spaces that do not count; raises InvalidQuery for what could never be true."""
    kept = Match(
        _members(match.source_ae_titles),
        _members(match.modalities),
        match.study_description.strip(),
        _members(match.station_names),
        _members(match.sop_classes),
    )
    if wrong := [one for one in kept.source_ae_titles if not is_valid_ae_title(one)]:
        raise InvalidQuery(f"{wrong[0][:40]!r} is no AE title")
    if wrong := [one for one in kept.sop_classes if not _UID.fullmatch(one)]:
        raise InvalidQuery(f"{wrong[0][:64]!r} is no UID of a SOP class")
    texts = (kept.study_description, *kept.modalities, *kept.station_names, *kept.sop_classes)
    if any(len(text) > _MOST_TEXT or not text.isprintable() for text in texts):
        raise InvalidQuery(f"a value to match has at most {_MOST_TEXT} printable characters")
    return kept


def _members(values: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(found) > _MOST_MEMBERS:
        raise InvalidQuery(f"a list of {len(found)} values is too long")
    return found
