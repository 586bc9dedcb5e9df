"""What a kind of job is to its engine: a function over a running job."""

from collections.abc import Callable
from typing import Any, Protocol


class RunningJob(Protocol):
    """A job while it is carried out."""

    id: str
    lane: str
    study_instance_uid: str
    arguments: dict[str, Any]
    attempt: int

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Tell how far it is; cheap enough to be called for each instance."""

    def is_stopped(self) -> bool:
        """Whether somebody paused or cancelled it, or the server ends: the handler then returns soon."""


Handler = Callable[[RunningJob], str]
"""Does the work and returns what came of it, for people to read.

It may be called again after a crash or a failure, from the start: what must not be done twice, it finds out itself.
Unavailable means that it is tried again later; any other HounsfieldError ends the job as failed, with its text.
"""
