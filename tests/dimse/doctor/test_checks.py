"""The test of a peer that is set up wrongly, here or there: it says what to change, and on which side."""

import contextlib
import dataclasses
import errno
import http.server
import socket
import threading
import time

import pytest
from pynetdicom import AE, evt
from tests.dimse.conftest import QUICK
from tests.dimse.doctor import strange
from tests.dimse.peer import CT, EXPLICIT, IMPLICIT, VERIFICATION, RawPeer

from hounsfield.app.certificates import initialise
from hounsfield.archive.site.peers import CHECKS
from hounsfield.dimse.doctor.checks import OurSide, check_peer
from hounsfield.dimse.doctor.diagnosis import of_connection_error
from hounsfield.dimse.doctor.offers import PATIENT_ID
from hounsfield.dimse.scu.requestor import ScuAssociation
from hounsfield.dimse.targets import target_of
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.records import Peer, TlsSettings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
US = OurSide("HOUNSFIELD")


def peer_at(port, *, host="127.0.0.1", ae_title="PEER", **more):
    return Peer(ae_title, host, port, name="pacs", **more)


def checks_of(peer, ours=US, **more):
    """The checks by name."""
    checks = check_peer(peer, ours, **{"step_s": 1.0, **more})
    assert [check.name for check in checks] == list(CHECKS)
    return {check.name: check for check in checks}


def failed(checks):
    """The one check that failed; those behind it are skipped."""
    names = [name for name in CHECKS if checks[name].state == "failed"]
    assert len(names) == 1, checks
    behind = CHECKS[CHECKS.index(names[0]) + 1 :]
    assert {checks[name].state for name in behind} <= {"skipped"}
    return checks[names[0]]


@contextlib.contextmanager
def pynetdicom(*contexts, on_store=lambda _event: 0, **settings):
    ae = AE("PEER")
    for name, value in settings.items():
        setattr(ae, name, value)
    for abstract, syntaxes in contexts:
        ae.add_supported_context(abstract, list(syntaxes))
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)]
    )
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


# -- all is well ------------------------------------------------------------------------------------


def test_a_peer_that_is_set_up_well_passes_every_check(open_site):
    there = open_site(Peer("HOUNSFIELD_1", "127.0.0.1", name="us"), ae_title="PEER")
    checks = checks_of(peer_at(there.port), OurSide("HOUNSFIELD_1"), stores=True)
    states = [checks[name].state for name in CHECKS]
    assert states == ["ok", "ok", "ok", "skipped", "ok", "ok", "ok", "ok"]
    assert "It takes all usual images" in checks["contexts"].text
    assert "JPEG 2000" in checks["contexts"].text
    assert "C-MOVE" in checks["contexts"].text
    assert "found again" in checks["round-trip"].text
    assert len(there.archive.files()) == 1
    assert PATIENT_ID.encode() in there.archive.files()[0]


def test_nothing_is_left_at_the_peer_unless_asked_for(open_site):
    there = open_site(unknown_peers="accept", ae_title="PEER")
    checks = checks_of(peer_at(there.port))
    assert checks["round-trip"].state == "skipped"
    assert there.archive.files() == []


# -- the settings here ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": None}, "No host is set"),
        ({"host": "10.0.0.0/24"}, "whole network"),
        ({"port": None}, "No port is set"),
    ],
)
def test_1_a_peer_that_cannot_be_called(change, words):
    settings = {"host": "127.0.0.1", "port": 104} | change
    check = failed(checks_of(Peer("PEER", name="pacs", **settings)))
    assert check.name == "settings"
    assert words in check.text


def test_2_our_own_port_set_as_the_peer(site):
    check = failed(checks_of(peer_at(site.port), OurSide("HOUNSFIELD", (site.port,))))
    assert check.text == f"127.0.0.1:{site.port} is this server itself."
    assert "Set the host and port of the other system" in check.advice


def test_3_a_name_that_cannot_be_resolved():
    check = failed(checks_of(peer_at(104, host="pacs.invalid")))
    assert check.name == "address"
    assert "pacs.invalid of pacs cannot be resolved" in check.text
    assert "give its address in numbers" in check.advice


def test_4_nothing_listens_at_the_port():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    check = failed(checks_of(peer_at(port)))
    assert check.name == "connection"
    assert f"nothing listens at port {port}" in check.text
    assert "correct the port of the peer here" in check.advice


def test_5_nobody_answers_at_the_address():
    # Whether a machine has a way to an address for documentation (RFC 5737) is its own affair.
    check = failed(checks_of(peer_at(104, host="192.0.2.1")))
    assert check.name == "connection"
    assert "192.0.2.1" in check.text
    assert check.advice


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), "their-address-unreachable"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "their-address-unreachable"),
        (TimeoutError("timed out"), "their-address-silent"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "their-port-closed"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "their-connection-failed"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "their-name"),
    ],
)
def test_the_ways_not_to_get_through_are_told_apart(error, code):
    assert of_connection_error(error) == code


def test_6_a_backlog_that_takes_nobody_is_a_silent_address():
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):  # until the kernel answers no further SYN
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(address)
        time.sleep(0.1)
        check = failed(checks_of(peer_at(address[1])))
    assert "Nobody answered" in check.text
    assert "firewall" in check.advice


# -- what answers there -----------------------------------------------------------------------------


def test_7_the_port_of_its_web_pages():
    handler = type("Quiet", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        check = failed(checks_of(peer_at(server.server_address[1])))
        server.shutdown()
        thread.join()
    assert "is a web server, not DICOM" in check.text
    assert "another one than that of its web pages" in check.advice


def test_8_the_port_for_remote_login():
    with strange.listening(strange.says(b"SSH-2.0-OpenSSH_9.2p1\r\n")) as port:
        check = failed(checks_of(peer_at(port)))
    assert "remote login (SSH)" in check.text


def test_9_the_port_for_hl7():
    with strange.listening(strange.answers(b"\x0bMSH|^~\\&|\r\x1c\r")) as port:
        check = failed(checks_of(peer_at(port)))
    assert "speaks HL7" in check.text
    assert "another one than that for HL7" in check.advice


def test_10_a_mail_server():
    with strange.listening(strange.says(b"220 mail.example ESMTP\r\n")) as port:
        check = failed(checks_of(peer_at(port)))
    assert "220 mail" in check.text


# SEC-01
def test_11_it_speaks_tls_and_we_do_not(tmp_path):
    initialise(tmp_path, ["127.0.0.1"])
    script = strange.speaks_tls(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with strange.listening(script) as port:
        check = failed(checks_of(peer_at(port)))
    assert "pacs speaks TLS" in check.text
    assert "Turn TLS on for the peer here" in check.advice


# SEC-01
def test_12_we_speak_tls_and_it_does_not(tmp_path, site):
    initialise(tmp_path, ["127.0.0.1"])
    peer = peer_at(site.port, ae_title="HOUNSFIELD", uses_tls=True, tls=TlsSettings(tmp_path))
    check = failed(checks_of(peer, OurSide("US")))
    assert check.name == "tls"
    assert "does not speak it" in check.text
    assert "Turn TLS off for the peer here" in check.advice
    assert site.the_record().finding == "tls-to-plain"


# -- what it says to our request --------------------------------------------------------------------


def hangs_up_on_tls(connection):
    """Many a server hangs up without a word on what is no PDU, and answers what is one."""
    if connection.recv(4096).startswith(b"\x01"):
        connection.sendall(b"\x03\0\0\0\0\4\0\1\1\3")


# SEC-01
def test_12_we_speak_tls_and_it_hangs_up_on_that(tmp_path):
    initialise(tmp_path, ["127.0.0.1"])
    with strange.listening(hangs_up_on_tls) as port:
        check = failed(checks_of(peer_at(port, uses_tls=True, tls=TlsSettings(tmp_path))))
    assert check.name == "tls"
    assert "what answers there does not speak it" in check.text
    assert "Turn TLS off for the peer here" in check.advice


# SEC-01
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (lambda connection: connection.recv(1), "hung up while TLS was being set up"),
        (strange.until_closed, "nothing came back"),
    ],
)
def test_12_what_does_not_answer_to_tls_may_not_speak_it(tmp_path, script, words):
    initialise(tmp_path, ["127.0.0.1"])
    with strange.listening(script) as port:
        peer = peer_at(port, uses_tls=True, tls=TlsSettings(tmp_path))
        check = failed(checks_of(peer, step_s=0.5))
    assert check.name == "tls"
    assert words in check.text
    assert "turn TLS off for the peer here" in check.advice


# NET-02
def test_13_it_does_not_know_us(open_site):
    there = open_site(ae_title="PEER")
    check = failed(checks_of(peer_at(there.port)))
    assert check.name == "association"
    assert check.text == "pacs does not know our AE title HOUNSFIELD."
    assert "Add us on pacs: AE title HOUNSFIELD" in check.advice


# NET-02
def test_14_it_goes_by_another_ae_title(open_site):
    there = open_site(unknown_peers="accept", ae_title="OTHER")
    check = failed(checks_of(peer_at(there.port)))
    assert "does not go by the AE title PEER" in check.text
    assert "correct it in the peer here" in check.advice


# NET-02
def test_15_it_has_no_room(open_site):
    there = open_site(unknown_peers="accept", ae_title="PEER", max_associations=1)
    with RawPeer(there.port) as other:
        other.associate(called="PEER")
        check = failed(checks_of(peer_at(there.port)))
    assert "no room for another association" in check.text
    assert "Try again later" in check.advice


@pytest.mark.parametrize(
    ("rejection", "words"),
    [((1, 1, 1), "no reason given"), ((1, 1, 2), "application context"), ((2, 3, 1), "no room")],
)
def test_16_it_rejects_for_another_reason(rejection, words):
    with strange.listening(strange.rejects(*rejection)) as port:
        assert words in failed(checks_of(peer_at(port))).text


def test_17_it_hangs_up_on_us():
    with strange.listening(strange.hangs_up) as port:
        check = failed(checks_of(peer_at(port)))
    assert "closed the connection instead of answering" in check.text
    assert "lets in only addresses that it knows" in check.advice


# NET-04
def test_18_it_says_nothing():
    begun = time.monotonic()
    with strange.listening(strange.until_closed) as port:
        check = failed(checks_of(peer_at(port)))
    assert "did not answer our request" in check.text
    assert "restart it" in check.advice
    assert time.monotonic() - begun < 30


# NET-03
def test_19_its_maximum_pdu_length_fits_nothing():
    with strange.listening(strange.accepts(0, maximum_length=4)) as port:
        check = failed(checks_of(peer_at(port)))
    assert "no PDU longer than 4 bytes" in check.text


def test_20_it_offers_no_verification():
    with pynetdicom((CT, (IMPLICIT,))) as port:
        checks = checks_of(peer_at(port))
    assert checks["echo"].state == "warning"
    assert "does not offer verification" in checks["echo"].text
    assert "It takes CT, but not CR" in checks["contexts"].text


def test_21_it_takes_no_images():
    with pynetdicom((VERIFICATION, (IMPLICIT,))) as port:
        checks = checks_of(peer_at(port))
    assert checks["contexts"].state == "warning"
    assert "takes no images from us" in checks["contexts"].text
    assert "allow storage" in checks["contexts"].advice


def test_22_it_refuses_the_test_object_for_want_of_space():
    contexts = ((VERIFICATION, (IMPLICIT,)), ("1.2.840.10008.5.1.4.1.1.7", (IMPLICIT,)))
    with pynetdicom(*contexts, on_store=lambda _event: 0xA700) as port:
        check = failed(checks_of(peer_at(port), stores=True))
    assert check.name == "round-trip"
    assert "for want of space" in check.text
    assert "Make room on pacs" in check.advice


def test_23_it_may_not_be_stored_to(open_site):
    there = open_site(
        Peer("HOUNSFIELD", "127.0.0.1", name="us", may=frozenset({"search"})), ae_title="PEER"
    )
    checks = checks_of(peer_at(there.port), stores=True)
    assert checks["contexts"].state == "warning"
    assert checks["round-trip"].state == "skipped"


def test_the_whole_test_of_a_peer_takes_under_half_a_minute():
    """Every step has its limit: the worst is a peer that takes the connection each time and says nothing."""
    begun = time.monotonic()
    with strange.listening(strange.until_closed) as port:
        check_peer(peer_at(port), US)
    assert time.monotonic() - begun < 30


# -- what is found out while sending ----------------------------------------------------------------


def recorded(site, port, contexts):
    """Associate with a peer and give the record of it."""
    target = target_of(peer_at(port, recorder=site.journal), "HOUNSFIELD")
    target = dataclasses.replace(target, times=QUICK)
    with contextlib.suppress(HounsfieldError), ScuAssociation(target, contexts):
        pass
    return site.the_record(direction="out")


def test_24_it_does_not_take_the_compressed_syntax_that_we_hold(site):
    with pynetdicom((CT, (EXPLICIT,))) as port:
        record = recorded(site, port, [(CT, ("1.2.840.10008.1.2.4.90",))])
    assert record.finding == "their-no-syntax"
    assert "takes CT Image, but not in the transfer syntax" in record.reason
    assert "Allow that transfer syntax on pacs" in record.advice


def test_25_it_takes_nothing_that_we_offer(site):
    with strange.listening(strange.accepts(3)) as port:
        record = recorded(site, port, [(CT, (EXPLICIT,))])
    assert record.finding == "their-no-context"
    assert "takes nothing of what we offered: CT Image" in record.reason


def test_an_association_that_could_not_be_had_is_recorded_too(site):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    record = recorded(site, port, [(CT, (EXPLICIT,))])
    assert (record.outcome, record.finding, record.peer) == ("failed", "their-port-closed", "pacs")


def test_what_a_test_tries_in_vain_is_no_finding_about_the_connection(site):
    with pynetdicom((VERIFICATION, (IMPLICIT,)), (CT, (EXPLICIT,))) as port:
        check_peer(peer_at(port), OurSide("HOUNSFIELD"), recorder=site.journal)
    records = site.records(2, direction="out")
    assert [(one.is_ok, one.finding) for one in records] == [(True, "")] * 2
    assert all(one.details["is_test"] for one in records)
