"""The log: one line an event on standard error, as text for people or JSON for machines.

What is written at `info` and above holds no patient data: AE titles, UIDs and counts only.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from hounsfield.settings.model import LogSettings

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "color_message",
    "taskName",
}


def set_up_log(settings: LogSettings, process: str) -> None:
    """Send the log of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((JsonLines if settings.format == "json" else TextLines)(process))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    quiet = logging.WARNING if settings.level != "debug" else logging.INFO
    for name in ("uvicorn.error", "alembic", "asyncio", "PIL", "pydicom"):
        logging.getLogger(name).setLevel(quiet)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _ORDINARY}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class TextLines(logging.Formatter):
    """`2026-11-24T09:05:22.123Z info  dimse  what happened key=value`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Make one line; line ends inside are shown as such."""
        parts = [_time(record), f"{record.levelname.lower():7}", f"{self._process:6}"]
        parts.append(record.getMessage().replace("\r", "\\r").replace("\n", "\\n"))
        parts += [f"{name}={value!r}" for name, value in _fields(record).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Make one line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line | _fields(record), default=str, ensure_ascii=False)
