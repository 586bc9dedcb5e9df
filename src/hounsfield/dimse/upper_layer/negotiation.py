"""Association negotiation as pure functions (PS3.7 annex D.3, PS3.8 section 7.1.1 and annex B)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dimse.upper_layer.items import (
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserIdentityType,
    UserInformation,
)
from hounsfield.dimse.upper_layer.pdus import (
    AnsweredContext,
    AssociateAc,
    AssociateRq,
    ContextResult,
    ProposedContext,
)

SMALLEST_MAXIMUM_LENGTH = 8  # a PDV header and two bytes of a message


@dataclass(frozen=True, slots=True)
class Support:
    """What we, as acceptor, can do with one abstract syntax.

    ``is_permitted`` is whether this requestor may use it. ``answer_information`` turns the service class application information that the requestor sent for it
    into ours (PS3.7 D.3.3.5).
    """

    transfer_syntaxes: frozenset[str]
    requestor_may_be_scp: bool = False
    requestor_may_be_scu: bool = True
    is_permitted: bool = True
    answer_information: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context both sides agreed on, with the roles the requestor may take."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    requestor_is_scu: bool = True
    requestor_is_scp: bool = False
    application_information: bytes = b""


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The answer to send, and what it means for this association."""

    answer: AssociateAc
    contexts: dict[int, AcceptedContext] = field(default_factory=dict)


# (abstract syntax, service class by common extended negotiation or "") -> what we can do with it
Supported = Callable[[str, str], Support | None]


def _role(requested: RoleSelection, support: Support) -> RoleSelection:
    """Answer one role selection: never more than asked for, never more than we do or it may."""
    return RoleSelection(
        requested.sop_class_uid,
        scu_role=requested.scu_role and support.requestor_may_be_scu,
        scp_role=requested.scp_role and support.requestor_may_be_scp,
    )


def _answer_context(
    proposed: ProposedContext, support: Support | None, role: RoleSelection
) -> tuple[AnsweredContext, str | None]:
    # A context that is not accepted carries a syntax too; it is not significant (PS3.8 9.3.3.2).
    unused = proposed.transfer_syntaxes[0] if proposed.transfer_syntaxes else ""
    if support is None:
        result = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
        return AnsweredContext(proposed.context_id, result, unused), None
    has_no_role = not (support.requestor_may_be_scu or role.scp_role)
    if not support.is_permitted or has_no_role:  # the service is there, but not for this requestor
        return AnsweredContext(proposed.context_id, ContextResult.USER_REJECTION, unused), None
    for syntax in proposed.transfer_syntaxes:
        if syntax in support.transfer_syntaxes:
            result = ContextResult.ACCEPTANCE
            return AnsweredContext(proposed.context_id, result, syntax), syntax
    result = ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    return AnsweredContext(proposed.context_id, result, unused), None


def _identity_response(identity: UserIdentity | None) -> bytes | None:
    """Answer a user identity only where an answer was asked for (PS3.7 D.3.3.7.2).

    A Kerberos, SAML or JWT answer would carry a token of ours, which we have not: those stay
    unanswered, as by an acceptor that does not know the item.
    """
    if identity is None or not identity.positive_response_requested:
        return None
    if identity.identity_type in {
        UserIdentityType.USERNAME,
        UserIdentityType.USERNAME_AND_PASSCODE,
    }:
        return b""
    return None


def answer(request: AssociateRq, supported: Supported, *, maximum_length: int) -> Negotiated:
    """Answer every proposed context with the first transfer syntax that we know."""
    wanted = request.user_information
    service_classes = {
        item.sop_class_uid: item.service_class_uid for item in wanted.common_extended_negotiations
    }
    offered = {
        item.sop_class_uid: item.application_information for item in wanted.extended_negotiations
    }
    requested_roles = {role.sop_class_uid: role for role in wanted.role_selections}
    answers: list[AnsweredContext] = []
    roles: dict[str, RoleSelection] = {}
    extended: dict[str, bytes] = {}
    contexts: dict[int, AcceptedContext] = {}
    for proposed in request.presentation_contexts:
        abstract_syntax = proposed.abstract_syntax
        support = supported(abstract_syntax, service_classes.get(abstract_syntax, ""))
        role = RoleSelection(abstract_syntax, scu_role=True, scp_role=False)
        if support is not None:
            role = _role(requested_roles.get(abstract_syntax, role), support)
        answered, transfer_syntax = _answer_context(proposed, support, role)
        answers.append(answered)
        if support is None or transfer_syntax is None:
            continue
        if abstract_syntax in requested_roles:
            roles[abstract_syntax] = role
        if support.answer_information is not None and abstract_syntax in offered:
            extended[abstract_syntax] = support.answer_information(offered[abstract_syntax])
        contexts[proposed.context_id] = AcceptedContext(
            proposed.context_id,
            abstract_syntax,
            transfer_syntax,
            role.scu_role,
            role.scp_role,
            extended.get(abstract_syntax, b""),
        )
    user_information = UserInformation(
        maximum_length=maximum_length,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        # PS3.7 D.3.3.3: one operation at a time, whatever the requestor can do.
        asynchronous_operations_window=(
            (1, 1) if wanted.asynchronous_operations_window is not None else None
        ),
        role_selections=tuple(roles.values()),
        extended_negotiations=tuple(
            ExtendedNegotiation(uid, information) for uid, information in extended.items()
        ),
        user_identity_response=_identity_response(wanted.user_identity),
    )
    return Negotiated(
        AssociateAc(
            request.called_ae_title, request.calling_ae_title, tuple(answers), user_information
        ),
        contexts,
    )


def agreed(request: AssociateRq, accepted: AssociateAc) -> dict[int, AcceptedContext]:
    """Work out, as requestor, which contexts stand after the acceptor's answer.

    An answer to a context that was not proposed, or in a syntax that was not, stands for nothing.
    """
    proposed = {context.context_id: context for context in request.presentation_contexts}
    asked = {role.sop_class_uid for role in request.user_information.role_selections}
    roles = {
        role.sop_class_uid: role
        for role in accepted.user_information.role_selections
        if role.sop_class_uid in asked
    }
    offered = {one.sop_class_uid for one in request.user_information.extended_negotiations}
    extended = {
        one.sop_class_uid: one.application_information
        for one in accepted.user_information.extended_negotiations
        if one.sop_class_uid in offered
    }
    contexts: dict[int, AcceptedContext] = {}
    for answered in accepted.presentation_contexts:
        ours = proposed.get(answered.context_id)
        if ours is None or answered.result != ContextResult.ACCEPTANCE:
            continue
        if answered.transfer_syntax not in ours.transfer_syntaxes:
            continue
        role = roles.get(ours.abstract_syntax)
        contexts[ours.context_id] = AcceptedContext(
            ours.context_id,
            ours.abstract_syntax,
            answered.transfer_syntax,
            requestor_is_scu=role.scu_role if role else True,
            requestor_is_scp=role.scp_role if role else False,
            application_information=extended.get(ours.abstract_syntax, b""),
        )
    return contexts
