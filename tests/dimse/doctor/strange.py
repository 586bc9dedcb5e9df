"""Servers at a port that are no DICOM, or do not behave, for the time of a test."""

import contextlib
import socket
import ssl
import threading

from hounsfield.dimse.upper_layer.items import UserInformation
from hounsfield.dimse.upper_layer.pdus import (
    PDU_HEADER,
    AnsweredContext,
    AssociateAc,
    AssociateRj,
    encode,
)


@contextlib.contextmanager
def listening(script):
    """Do with each connection what ``script`` does; give the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    is_over = threading.Event()
    threads = []

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            script(connection)

    def run():
        while not is_over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _address = listener.accept()
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

    accepting = threading.Thread(target=run)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        is_over.set()
        accepting.join(5)
        listener.close()
        for thread in threads:
            thread.join(12)
            assert not thread.is_alive()


def request_of(connection):
    """Take a whole A-ASSOCIATE-RQ in."""
    header = connection.recv(6, socket.MSG_WAITALL)
    if header:
        connection.recv(PDU_HEADER.unpack(header)[1], socket.MSG_WAITALL)


def until_closed(connection):
    while connection.recv(1000):
        pass


def says(banner):
    def script(connection):
        connection.sendall(banner)
        until_closed(connection)

    return script


def answers(text):
    """Wait for something, whatever it is, and answer this."""

    def script(connection):
        connection.recv(1000)
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        until_closed(connection)

    return script


def rejects(result, source, reason):
    def script(connection):
        request_of(connection)
        connection.sendall(encode(AssociateRj(result, source, reason)))
        until_closed(connection)

    return script


def accepts(*results, maximum_length=16384):
    """Answer the contexts, in their order, with these results."""

    def script(connection):
        request_of(connection)
        contexts = tuple(
            AnsweredContext(2 * index + 1, result, "1.2.840.10008.1.2")
            for index, result in enumerate(results)
        )
        information = UserInformation(maximum_length=maximum_length)
        connection.sendall(encode(AssociateAc("PEER", "HOUNSFIELD", contexts, information)))
        until_closed(connection)

    return script


def hangs_up(connection):
    request_of(connection)


def speaks_tls(certificate, key):
    """A TLS server that says nothing inside."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def script(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            until_closed(secured)

    return script
