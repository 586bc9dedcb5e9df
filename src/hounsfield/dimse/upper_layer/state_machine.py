"""The state machine of the upper layer, without input, output or clock (PS3.8 section 9.2)."""

from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class State(IntEnum):
    """PS3.8 tables 9-1 to 9-5."""

    STA1_IDLE = 1
    STA2_AWAITING_ASSOCIATE_RQ = 2
    STA3_AWAITING_LOCAL_ASSOCIATE_RESPONSE = 3
    STA4_AWAITING_TRANSPORT_OPEN = 4
    STA5_AWAITING_ASSOCIATE_AC_OR_RJ = 5
    STA6_DATA_TRANSFER = 6
    STA7_AWAITING_RELEASE_RP = 7
    STA8_AWAITING_LOCAL_RELEASE_RESPONSE = 8
    STA9_COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE = 9
    STA10_COLLISION_ACCEPTOR_AWAITING_RELEASE_RP = 10
    STA11_COLLISION_REQUESTOR_AWAITING_RELEASE_RP = 11
    STA12_COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE = 12
    STA13_AWAITING_TRANSPORT_CLOSE = 13


class Event(IntEnum):
    """The rows of PS3.8 table 9-10; `REQUEST` and `RESPONSE` are the local user's primitives."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRMED = 2
    ASSOCIATE_AC_PDU = 3
    ASSOCIATE_RJ_PDU = 4
    TRANSPORT_INDICATED = 5
    ASSOCIATE_RQ_PDU = 6
    ASSOCIATE_RESPONSE_ACCEPT = 7
    ASSOCIATE_RESPONSE_REJECT = 8
    P_DATA_REQUEST = 9
    P_DATA_TF_PDU = 10
    RELEASE_REQUEST = 11
    RELEASE_RQ_PDU = 12
    RELEASE_RP_PDU = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    ABORT_PDU = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU = 19


class Send(Enum):
    """What the transition puts on the wire."""

    ASSOCIATE_RQ = auto()
    ASSOCIATE_AC = auto()
    ASSOCIATE_RJ = auto()
    P_DATA = auto()
    RELEASE_RQ = auto()
    RELEASE_RP = auto()
    ABORT_BY_USER = auto()
    ABORT_BY_PROVIDER = auto()


class Indication(Enum):
    """What the transition tells the local user."""

    CONNECT = auto()
    ASSOCIATE = auto()
    ASSOCIATE_ACCEPTED = auto()
    ASSOCIATE_REJECTED = auto()
    P_DATA = auto()
    RELEASE = auto()
    RELEASE_CONFIRMED = auto()
    ABORT = auto()
    PROVIDER_ABORT = auto()


class Timer(Enum):
    """What becomes of the ARTIM timer."""

    START = auto()
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Action:
    """One action of PS3.8 tables 9-6 to 9-9; carried out in the order of the fields."""

    name: str
    next_state: State
    timer: Timer | None = None
    send: Send | None = None
    indication: Indication | None = None
    closes: bool = False


class UnexpectedEvent(Exception):
    """A cell of the state table that is empty: the local user broke the protocol."""


_S = State
_AE1 = Action("AE-1", _S.STA4_AWAITING_TRANSPORT_OPEN, indication=Indication.CONNECT)
_AE2 = Action("AE-2", _S.STA5_AWAITING_ASSOCIATE_AC_OR_RJ, send=Send.ASSOCIATE_RQ)
_AE3 = Action("AE-3", _S.STA6_DATA_TRANSFER, indication=Indication.ASSOCIATE_ACCEPTED)
_AE4 = Action("AE-4", _S.STA1_IDLE, indication=Indication.ASSOCIATE_REJECTED, closes=True)
_AE5 = Action("AE-5", _S.STA2_AWAITING_ASSOCIATE_RQ, timer=Timer.START)
_AE6 = Action(
    "AE-6",
    _S.STA3_AWAITING_LOCAL_ASSOCIATE_RESPONSE,
    timer=Timer.STOP,
    indication=Indication.ASSOCIATE,
)
_AE6_UNACCEPTABLE = Action(
    "AE-6", _S.STA13_AWAITING_TRANSPORT_CLOSE, timer=Timer.START, send=Send.ASSOCIATE_RJ
)
_AE7 = Action("AE-7", _S.STA6_DATA_TRANSFER, send=Send.ASSOCIATE_AC)
_AE8 = Action("AE-8", _S.STA13_AWAITING_TRANSPORT_CLOSE, timer=Timer.START, send=Send.ASSOCIATE_RJ)
_DT1 = Action("DT-1", _S.STA6_DATA_TRANSFER, send=Send.P_DATA)
_DT2 = Action("DT-2", _S.STA6_DATA_TRANSFER, indication=Indication.P_DATA)
_AR1 = Action("AR-1", _S.STA7_AWAITING_RELEASE_RP, send=Send.RELEASE_RQ)
_AR2 = Action("AR-2", _S.STA8_AWAITING_LOCAL_RELEASE_RESPONSE, indication=Indication.RELEASE)
_AR3 = Action("AR-3", _S.STA1_IDLE, indication=Indication.RELEASE_CONFIRMED, closes=True)
_AR4 = Action("AR-4", _S.STA13_AWAITING_TRANSPORT_CLOSE, timer=Timer.START, send=Send.RELEASE_RP)
_AR5 = Action("AR-5", _S.STA1_IDLE, timer=Timer.STOP)
_AR6 = Action("AR-6", _S.STA7_AWAITING_RELEASE_RP, indication=Indication.P_DATA)
_AR7 = Action("AR-7", _S.STA8_AWAITING_LOCAL_RELEASE_RESPONSE, send=Send.P_DATA)
_AR8 = Action(
    "AR-8",
    _S.STA9_COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE,
    indication=Indication.RELEASE,
)
_AR8_ACCEPTOR = Action(
    "AR-8", _S.STA10_COLLISION_ACCEPTOR_AWAITING_RELEASE_RP, indication=Indication.RELEASE
)
_AR9 = Action("AR-9", _S.STA11_COLLISION_REQUESTOR_AWAITING_RELEASE_RP, send=Send.RELEASE_RP)
_AR10 = Action(
    "AR-10",
    _S.STA12_COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE,
    indication=Indication.RELEASE_CONFIRMED,
)
_AA1 = Action("AA-1", _S.STA13_AWAITING_TRANSPORT_CLOSE, timer=Timer.START, send=Send.ABORT_BY_USER)
_AA2 = Action("AA-2", _S.STA1_IDLE, timer=Timer.STOP, closes=True)
_AA3 = Action("AA-3", _S.STA1_IDLE, indication=Indication.ABORT, closes=True)
_AA4 = Action("AA-4", _S.STA1_IDLE, indication=Indication.PROVIDER_ABORT)
_AA5 = Action("AA-5", _S.STA1_IDLE, timer=Timer.STOP)
_AA6 = Action("AA-6", _S.STA13_AWAITING_TRANSPORT_CLOSE)
_AA7 = Action("AA-7", _S.STA13_AWAITING_TRANSPORT_CLOSE, send=Send.ABORT_BY_PROVIDER)
_AA8 = Action(
    "AA-8",
    _S.STA13_AWAITING_TRANSPORT_CLOSE,
    timer=Timer.START,
    send=Send.ABORT_BY_PROVIDER,
    indication=Indication.PROVIDER_ABORT,
)

# One line an event, one column for Sta1 to Sta13, as PS3.8 table 9-10 prints them.
_NONE = None
TRANSITIONS: dict[Event, tuple[Action | None, ...]] = {
    Event.ASSOCIATE_REQUEST: (_AE1, *(_NONE,) * 12),
    Event.TRANSPORT_CONFIRMED: (*(_NONE,) * 3, _AE2, *(_NONE,) * 9),
    Event.ASSOCIATE_AC_PDU: (_NONE, _AA1, _AA8, _NONE, _AE3, *(_AA8,) * 7, _AA6),
    Event.ASSOCIATE_RJ_PDU: (_NONE, _AA1, _AA8, _NONE, _AE4, *(_AA8,) * 7, _AA6),
    Event.TRANSPORT_INDICATED: (_AE5, *(_NONE,) * 12),
    Event.ASSOCIATE_RQ_PDU: (_NONE, _AE6, _AA8, _NONE, *(_AA8,) * 8, _AA7),
    Event.ASSOCIATE_RESPONSE_ACCEPT: (_NONE, _NONE, _AE7, *(_NONE,) * 10),
    Event.ASSOCIATE_RESPONSE_REJECT: (_NONE, _NONE, _AE8, *(_NONE,) * 10),
    Event.P_DATA_REQUEST: (*(_NONE,) * 5, _DT1, _NONE, _AR7, *(_NONE,) * 5),
    Event.P_DATA_TF_PDU: (_NONE, _AA1, _AA8, _NONE, _AA8, _DT2, _AR6, *(_AA8,) * 5, _AA6),
    Event.RELEASE_REQUEST: (*(_NONE,) * 5, _AR1, *(_NONE,) * 7),
    Event.RELEASE_RQ_PDU: (_NONE, _AA1, _AA8, _NONE, _AA8, _AR2, _AR8, *(_AA8,) * 5, _AA6),
    Event.RELEASE_RP_PDU: (
        *(_NONE, _AA1, _AA8, _NONE, _AA8, _AA8),
        *(_AR3, _AA8, _AA8, _AR10, _AR3, _AA8, _AA6),
    ),
    Event.RELEASE_RESPONSE: (*(_NONE,) * 7, _AR4, _AR9, _NONE, _NONE, _AR4, _NONE),
    Event.ABORT_REQUEST: (_NONE, _NONE, _AA1, _AA2, *(_AA1,) * 8, _NONE),
    Event.ABORT_PDU: (_NONE, _AA2, _AA3, _NONE, *(_AA3,) * 8, _AA2),
    Event.TRANSPORT_CLOSED: (_NONE, _AA5, *(_AA4,) * 10, _AR5),
    Event.ARTIM_EXPIRED: (_NONE, _AA2, *(_NONE,) * 10, _AA2),
    Event.INVALID_PDU: (_NONE, _AA1, _AA8, _NONE, *(_AA8,) * 8, _AA7),
}


class StateMachine:
    """The state of one association; every event answers with the action to carry out."""

    __slots__ = ("is_requestor", "state")

    def __init__(self, *, is_requestor: bool) -> None:
        self.is_requestor = is_requestor
        self.state = State.STA1_IDLE

    def handle(self, event: Event, *, is_acceptable: bool = True) -> Action:
        """Take one event; `is_acceptable` is the provider's view of an A-ASSOCIATE-RQ (AE-6)."""
        action = TRANSITIONS[event][self.state - 1]
        if action is None:
            raise UnexpectedEvent(f"{event.name} in {self.state.name}")
        if action is _AE6 and not is_acceptable:
            action = _AE6_UNACCEPTABLE
        elif action is _AR8 and not self.is_requestor:
            action = _AR8_ACCEPTOR
        self.state = action.next_state
        return action
