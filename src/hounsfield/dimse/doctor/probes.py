"""What speaks at a port when it is not DICOM: short questions over plain sockets, each with a time limit."""

import contextlib
import ipaddress
import socket
import ssl
import threading

from hounsfield.archive.site.addresses import is_numeric
from hounsfield.dicom.sop_classes import VERIFICATION
from hounsfield.dimse.doctor.diagnosis import of_first_bytes
from hounsfield.dimse.upper_layer.items import AbortReason, AbortSource, UserInformation
from hounsfield.dimse.upper_layer.pdus import Abort, AssociateRq, ProposedContext, encode

_BANNER_S = 0.25
_FIRST_BYTES = 16


def resolve(host: str, within_s: float) -> list[str]:
    """The addresses of a host. Raises OSError; TimeoutError where the name service does not answer."""
    if is_numeric(host):
        return [host]
    found: list[str] = []
    problem: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(
                str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError) as error:
            problem.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    # It cannot be interrupted; a thread that still waits ends by itself.
    thread = threading.Thread(target=look_up, name="look-up", daemon=True)
    thread.start()
    thread.join(within_s)
    if thread.is_alive():
        raise socket.gaierror(f"the name service did not answer within {within_s:g} s")
    if problem:
        raise problem[0]
    return list(dict.fromkeys(found))


def is_ours(address: str) -> bool:
    """Whether an address is one of this machine."""
    if ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        return True
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def banner_of(sock: socket.socket) -> bytes:
    """What a server says by itself right after connecting; DICOM servers say nothing."""
    sock.settimeout(_BANNER_S)
    try:
        return sock.recv(_FIRST_BYTES)
    except OSError:
        return b""


def speaks_tls(host: str, port: int, within_s: float) -> bool:
    """Whether TLS is what a port speaks, whatever certificates it wants or shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is only looked at, and nothing is sent
    with contextlib.suppress(OSError), socket.create_connection((host, port), within_s) as sock:
        sock.settimeout(within_s)
        try:
            with context.wrap_socket(sock):
                return True
        except ssl.SSLError as error:
            # An alert is said in TLS; what is no TLS is told apart by its reason.
            return "ALERT" in (error.reason or "") or "HANDSHAKE" in (error.reason or "")
    return False


def speaks_dicom(host: str, port: int, within_s: float, calling: str, called: str) -> bool:
    """Whether a port answers without TLS to a request for an association, whatever the answer is."""
    verification = ProposedContext(1, VERIFICATION, ("1.2.840.10008.1.2",))
    request = AssociateRq(called, calling, (verification,), UserInformation(maximum_length=16_384))
    with contextlib.suppress(OSError), socket.create_connection((host, port), within_s) as sock:
        sock.settimeout(within_s)
        sock.sendall(encode(request))
        first = sock.recv(_FIRST_BYTES)
        if first[:1] in {b"\x02", b"\x03", b"\x07"}:
            sock.sendall(encode(Abort(AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED)))
            return True
    return False


def first_answer(host: str, port: int, within_s: float) -> str:
    """The finding for a server that answers to HTTP, or says anything to it; empty if it says nothing."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), within_s) as sock:
        sock.settimeout(within_s)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        first = sock.recv(_FIRST_BYTES)
        # A DICOM server answers with a PDU: an A-ABORT, most likely.
        if first and first[0] > 7:
            return of_first_bytes(first, is_in=False)[0]
    return ""
