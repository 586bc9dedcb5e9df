"""The port for DICOM over TLS: opened as soon as there are certificates, at the start or while the server runs."""

import logging
import socket
import time

from hounsfield.app.listeners import CannotListen, listen_for, port_of
from hounsfield.dimse.tls import TlsNotSetUp, contexts_of, has_certificates
from hounsfield.settings.model import Settings
from hounsfield.settings.parts import tls_settings

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


class TlsPort:
    """Watches the certificates of the site.

    ``receives`` is whether this server takes associations; another one on the folder does otherwise, and then it is
    only known where TLS is spoken.
    """

    def __init__(self, settings: Settings, *, receives: bool) -> None:
        self._settings = settings
        self._receives = receives
        self._told = ""
        self._look_at = 0.0
        self.listener: socket.socket | None = None
        self.port: int | None = None

    def open(self, listener: socket.socket | None) -> None:
        """Begin, with the socket where there were certificates at the start."""
        self.listener = listener
        if listener is not None:
            self.port = port_of(listener)
        self.look(time.monotonic())

    @property
    def next_look(self) -> float:
        """When to look again."""
        return self._look_at

    def look(self, now: float) -> bool:
        """Whether the port has just been opened. What cannot be used of the certificates is said in the log, once."""
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY_S
        if not has_certificates(self._settings.data / "tls"):
            return False
        is_new = self.port is None and self._open()
        if self._receives:
            self._try_certificates()
        return is_new

    def _open(self) -> bool:
        if not self._receives:
            self.port = self._settings.dimse.tls_port or None
            return self.port is not None
        try:
            self.listener = listen_for("dimse_tls", self._settings)
        except CannotListen as problem:
            self._say(f"there are certificates for DICOM over TLS, but no port for it: {problem}")
            return False
        self.port = port_of(self.listener)
        return True

    def _try_certificates(self) -> None:
        try:
            contexts_of(tls_settings(self._settings)).for_server()
        except TlsNotSetUp as problem:
            self._say(f"the certificates for DICOM over TLS cannot be used: {problem}")
        else:
            self._told = ""

    def _say(self, text: str) -> None:
        if text != self._told:
            log.warning(text)
        self._told = text
