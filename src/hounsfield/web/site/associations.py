"""The records of associations in the JSON API."""

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel

from hounsfield.archive.access import require
from hounsfield.dicom.sop_classes import name_of
from hounsfield.dicom.transfer_syntax import of as transfer_syntax_of
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.index.site.associations import Associations
from hounsfield.index.site.records import AssociationRecord, RecordedContext

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

# PS3.8 table 9-18.
_RESULTS = {
    0: "accepted",
    1: "not permitted",
    2: "refused without a reason",
    3: "not offered",
    4: "not in these transfer syntaxes",
    None: "not answered",
}


class Syntax(BaseModel):
    """A transfer syntax and what it is called."""

    uid: str
    name: str


class Context(BaseModel):
    """A presentation context as it was proposed, and the answer."""

    abstract_syntax: str
    name: str
    offered: list[Syntax]
    accepted: Syntax | None
    result: str


class Message(BaseModel):
    """How many answers of one kind were given or taken."""

    name: str
    status: str
    meaning: str
    count: int


class Association(BaseModel):
    """One association, or the attempt of one; ``finding`` is empty where there is nothing to say about it."""

    id: int
    direction: Literal["in", "out"]
    began_us: int
    ended_us: int | None
    calling_ae_title: str
    called_ae_title: str
    address: str
    peer: str | None
    is_tls: bool
    outcome: str
    is_ok: bool
    is_test: bool
    """Whether it belongs to a test of the peer, as a person asked for."""
    finding: str
    reason: str
    advice: str
    contexts: list[Context]
    messages: list[Message]
    bytes_received: int
    bytes_sent: int
    implementation: str


class AssociationPage(BaseModel):
    """Some associations, the newest first; ask for those before the last ID for more."""

    associations: list[Association]
    has_more: bool


def add_associations(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of this module."""
    associations = Associations(parts.index.database)

    @app.get(
        "/associations",
        response_model=AssociationPage,
        responses={304: {"description": "Nothing has changed"}},
    )
    async def list_associations(
        request: Request,
        response: Response,
        direction: Literal["in", "out", ""] = "",
        peer: Annotated[str, Query(max_length=200)] = "",
        outcome: Literal["ok", "failed", "open", ""] = "",
        q: Annotated[str, Query(max_length=200)] = "",
        before: Annotated[int | None, Query(ge=0, le=1 << 62)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> AssociationPage | Response:
        """What associations there were, and what to do about those that failed; each word of ``q`` occurs in one.

        Whoever asks again and again should send the ETag along: most of the time nothing has changed.
        """
        tag = f'"{"-".join(map(str, await in_thread(associations.state)))}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)

        def read() -> AssociationPage:
            require(principal_of(request), "administer")
            found = associations.page(
                direction=direction,
                peer=peer,
                outcome=outcome,
                text=q,
                before=before,
                limit=limit + 1,
            )
            return AssociationPage(
                associations=[_shown(one) for one in found[:limit]], has_more=len(found) > limit
            )

        return await in_thread(read)


def _shown(one: AssociationRecord) -> Association:
    return Association(
        id=one.id,
        direction=one.direction,
        began_us=one.began_us,
        ended_us=one.ended_us,
        calling_ae_title=one.calling_ae_title,
        called_ae_title=one.called_ae_title,
        address=one.address,
        peer=one.peer or None,
        is_tls=one.is_tls,
        outcome=one.outcome,
        is_ok=one.is_ok,
        is_test=bool(one.details.get("is_test")),
        finding=one.finding,
        reason=one.reason,
        advice=one.advice,
        contexts=[_shown_context(context) for context in one.contexts],
        messages=[Message(**message) for message in one.messages],
        bytes_received=one.bytes_received,
        bytes_sent=one.bytes_sent,
        implementation=one.implementation,
    )


def _shown_context(context: RecordedContext) -> Context:
    return Context(
        abstract_syntax=context.abstract_syntax,
        name=name_of(context.abstract_syntax),
        offered=[_syntax(uid) for uid in context.offered],
        accepted=_syntax(context.accepted) if context.accepted else None,
        result=_RESULTS.get(context.result, f"result {context.result}"),
    )


def _syntax(uid: str) -> Syntax:
    return Syntax(uid=uid, name=transfer_syntax_of(uid).name)
