"""The state table, cell by cell (PS3.8 table 9-10)."""

import warnings

import pytest

from hounsfield.dimse.upper_layer.state_machine import (
    TRANSITIONS,
    Event,
    Indication,
    Send,
    State,
    StateMachine,
    Timer,
    UnexpectedEvent,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pynetdicom.fsm import TRANSITION_TABLE

# Typed in from PS3.8 table 9-10: a line an event, a column a state; "-" is an empty cell.
TABLE = """
AE-1 -    -    -    -    -     -     -    -    -     -     -    -
-    -    -    AE-2 -    -     -     -    -    -     -     -    -
-    AA-1 AA-8 -    AE-3 AA-8  AA-8  AA-8 AA-8 AA-8  AA-8  AA-8 AA-6
-    AA-1 AA-8 -    AE-4 AA-8  AA-8  AA-8 AA-8 AA-8  AA-8  AA-8 AA-6
AE-5 -    -    -    -    -     -     -    -    -     -     -    -
-    AE-6 AA-8 -    AA-8 AA-8  AA-8  AA-8 AA-8 AA-8  AA-8  AA-8 AA-7
-    -    AE-7 -    -    -     -     -    -    -     -     -    -
-    -    AE-8 -    -    -     -     -    -    -     -     -    -
-    -    -    -    -    DT-1  -     AR-7 -    -     -     -    -
-    AA-1 AA-8 -    AA-8 DT-2  AR-6  AA-8 AA-8 AA-8  AA-8  AA-8 AA-6
-    -    -    -    -    AR-1  -     -    -    -     -     -    -
-    AA-1 AA-8 -    AA-8 AR-2  AR-8  AA-8 AA-8 AA-8  AA-8  AA-8 AA-6
-    AA-1 AA-8 -    AA-8 AA-8  AR-3  AA-8 AA-8 AR-10 AR-3  AA-8 AA-6
-    -    -    -    -    -     -     AR-4 AR-9 -     -     AR-4 -
-    -    AA-1 AA-2 AA-1 AA-1  AA-1  AA-1 AA-1 AA-1  AA-1  AA-1 -
-    AA-2 AA-3 -    AA-3 AA-3  AA-3  AA-3 AA-3 AA-3  AA-3  AA-3 AA-2
-    AA-5 AA-4 AA-4 AA-4 AA-4  AA-4  AA-4 AA-4 AA-4  AA-4  AA-4 AR-5
-    AA-2 -    -    -    -     -     -    -    -     -     -    AA-2
-    AA-1 AA-8 -    AA-8 AA-8  AA-8  AA-8 AA-8 AA-8  AA-8  AA-8 AA-7
"""
CELLS = [
    (Event(event), State(state), action)
    for event, line in enumerate(TABLE.strip().splitlines(), 1)
    for state, action in enumerate(line.split(), 1)
]
NEXT = {
    "AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-7": 6, "AE-8": 13,
    "DT-1": 6, "DT-2": 6, "AR-1": 7, "AR-2": 8, "AR-3": 1, "AR-4": 13, "AR-5": 1, "AR-6": 7,
    "AR-7": 8, "AR-8": 9, "AR-9": 11, "AR-10": 12, "AA-1": 13, "AA-2": 1, "AA-3": 1, "AA-4": 1,
    "AA-5": 1, "AA-6": 13, "AA-7": 13, "AA-8": 13,
}  # fmt: skip


def machine_in(state, *, is_requestor=True):
    machine = StateMachine(is_requestor=is_requestor)
    machine.state = state
    return machine


def test_the_table_has_every_cell():
    assert len(CELLS) == 19 * 13
    assert all(len(TRANSITIONS[event]) == 13 for event in Event)


# NET-04
@pytest.mark.parametrize(("event", "state", "name"), CELLS)
def test_each_cell_is_as_the_standard_has_it(event, state, name):
    machine = machine_in(state)
    if name == "-":
        with pytest.raises(UnexpectedEvent):
            machine.handle(event)
        assert machine.state is state
    else:
        action = machine.handle(event)
        assert (action.name, machine.state) == (name, NEXT[name])


# NET-04
def test_pynetdicom_reads_the_standard_the_same_way():
    theirs = {key: action for key, action in TRANSITION_TABLE.items() if action}
    ours = {
        (f"Evt{event}", f"Sta{state}"): action for event, state, action in CELLS if action != "-"
    }
    assert ours == theirs


# NET-04
def test_a_release_collision_is_settled_by_who_asked_for_the_association():
    requestor = machine_in(State.STA6_DATA_TRANSFER)
    acceptor = machine_in(State.STA6_DATA_TRANSFER, is_requestor=False)
    for machine in (requestor, acceptor):
        assert machine.handle(Event.RELEASE_REQUEST).send is Send.RELEASE_RQ
        assert machine.handle(Event.RELEASE_RQ_PDU).indication is Indication.RELEASE
    assert requestor.handle(Event.RELEASE_RESPONSE).send is Send.RELEASE_RP
    assert acceptor.handle(Event.RELEASE_RP_PDU).indication is Indication.RELEASE_CONFIRMED
    assert acceptor.handle(Event.RELEASE_RESPONSE).send is Send.RELEASE_RP
    assert requestor.handle(Event.RELEASE_RP_PDU).closes
    assert requestor.state is State.STA1_IDLE
    assert acceptor.state is State.STA13_AWAITING_TRANSPORT_CLOSE


# NET-04
def test_the_artim_timer_runs_while_a_request_and_while_the_close_is_awaited():
    machine = StateMachine(is_requestor=False)
    assert machine.handle(Event.TRANSPORT_INDICATED).timer is Timer.START
    assert machine.handle(Event.ASSOCIATE_RQ_PDU).timer is Timer.STOP
    assert machine.handle(Event.ASSOCIATE_RESPONSE_REJECT).timer is Timer.START
    expired = machine.handle(Event.ARTIM_EXPIRED)
    assert (expired.closes, machine.state) == (True, State.STA1_IDLE)


# NET-02
def test_a_request_the_provider_cannot_take_is_rejected_without_asking_the_user():
    machine = machine_in(State.STA2_AWAITING_ASSOCIATE_RQ, is_requestor=False)
    action = machine.handle(Event.ASSOCIATE_RQ_PDU, is_acceptable=False)
    assert (action.send, action.indication) == (Send.ASSOCIATE_RJ, None)
    assert machine.state is State.STA13_AWAITING_TRANSPORT_CLOSE
