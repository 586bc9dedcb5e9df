"""What a peer says of a retrieval, at its end and before."""

import time

import pytest
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from tests.dimse.answering_peer import STUDY_ROOT

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.query import Level
from hounsfield.dimse.scu.get_scu import get
from hounsfield.dimse.scu.move_scu import move
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation, Target
from hounsfield.dimse.scu.retrieval import failed_uids_in, retrieve_identifier
from hounsfield.dimse.transport import TimeLimits
from hounsfield.errors import Unavailable

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


# QR-08
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("number", [1, 2000])
def test_failed_instances_are_known_however_many(syntax, number):
    uids = [f"1.2.826.0.1.3680043.8.498.{10**30 + one}" for one in range(number)]
    data = encode_dataset({"00080058": {"vr": "UI", "Value": uids}}, syntax)
    assert failed_uids_in(data, syntax) == uids


def test_what_is_no_list_names_nobody():
    assert failed_uids_in(b"\0\1\2", EXPLICIT) == []


# QR-08, QR-09
@pytest.mark.parametrize("is_get", [True, False])
def test_a_peer_that_says_pending_for_ever_is_given_up(is_get):
    service = "3" if is_get else "2"

    def says_pending(event):
        """Instead of sub-operations: Pending without end, the counters as they were."""
        response = (C_GET if is_get else C_MOVE)()
        response.MessageIDBeingRespondedTo = event.request.MessageID
        response.AffectedSOPClassUID = event.request.AffectedSOPClassUID
        response.Status, response.NumberOfRemainingSuboperations = 0xFF00, 5
        response.NumberOfCompletedSuboperations = 1
        until = time.monotonic() + 30
        while event.assoc.is_established and time.monotonic() < until:
            event.assoc.dimse.send_msg(response, event.context.context_id)
            time.sleep(0.02)
        yield from ()

    ae = AE("PACS2")
    ae.add_supported_context(STUDY_ROOT + service)
    handler = (evt.EVT_C_GET if is_get else evt.EVT_C_MOVE, says_pending)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[handler])
    times = TimeLimits(idle_s=0.3)
    port = server.socket.getsockname()[1]
    target = Target("127.0.0.1", port, "PACS2", times=times)
    identifier = retrieve_identifier(Level.STUDY, study_instance_uid="1.2.3")
    sop_class = STUDY_ROOT + service
    further = (lambda *_: None) if is_get else "HOUNSFIELD"
    try:
        with ScuAssociation(target, [(sop_class, MESSAGE_SYNTAXES)]) as scu:
            with pytest.raises(Unavailable, match="gets no further"):
                (get if is_get else move)(scu, sop_class, identifier, further)
            assert not scu.association.is_established
    finally:
        server.shutdown()
