"""Listening sockets, bound by the parent so that they outlive the process that serves them."""

import errno
import ipaddress
import socket
from collections.abc import Sequence

from hounsfield.dimse.tls import has_certificates
from hounsfield.errors import HounsfieldError
from hounsfield.settings.model import Settings

_BACKLOG = 1024


class CannotListen(HounsfieldError):
    """A port that cannot be had; the text names the setting to change."""


def listen(host: str, port: int, *, setting: str, flag: str) -> socket.socket:
    """Bind and listen; port 0 takes any free one. Raises CannotListen."""
    is_ipv6 = ipaddress.ip_address(host).version == 6
    listener = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as problem:
        listener.close()
        if problem.errno == errno.EADDRINUSE:
            why = (
                f"port {port} is in use by another program; choose another with {flag} (0: any free"
            )
            raise CannotListen(f"{setting}: {why} one)") from problem
        if problem.errno == errno.EACCES:
            why = f"port {port} may only be used by root; choose one above 1023 with {flag}"
            raise CannotListen(f"{setting}: {why}") from problem
        raise CannotListen(f"{setting}: {host} port {port}: {problem.strerror}") from problem
    return listener


def listen_for(name: str, settings: Settings) -> socket.socket:
    """The socket of "http", "dimse" or "dimse_tls", as the settings say. Raises CannotListen."""
    web, dimse = settings.web, settings.dimse
    host, port, setting, flag = {
        "http": (web.host, web.port, "web.port", "--http-port"),
        "dimse": (dimse.host, dimse.port, "dimse.port", "--dicom-port"),
        "dimse_tls": (dimse.host, dimse.tls_port, "dimse.tls_port", "dimse.tls_port"),
    }[name]
    return listen(host, port, setting=setting, flag=flag)


def listeners_for(roles: Sequence[str], settings: Settings) -> dict[str, socket.socket]:
    """The sockets that those roles serve, all or none; "dimse_tls" is there once there are certificates.

    Raises CannotListen.
    """
    names = [name for name in ("http", "dimse") if name in roles]
    if "dimse" in names and has_certificates(settings.data / "tls"):
        names.append("dimse_tls")
    bound: dict[str, socket.socket] = {}
    try:
        for name in names:
            bound[name] = listen_for(name, settings)
    except CannotListen:
        for listener in bound.values():
            listener.close()
        raise
    return bound


def port_of(listener: socket.socket) -> int:
    """The TCP port a socket listens on."""
    return int(listener.getsockname()[1])


def in_url(host: str) -> str:
    """An address as it stands in a URL (RFC 3986 3.2.2)."""
    return f"[{host}]" if ":" in host else host
