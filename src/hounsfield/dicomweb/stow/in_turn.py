"""Work that is done one after the other behind the back of whoever hands it over, and never far behind."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor


class InTurn:
    """Runs calls in the order in which they came, in the threads of an executor, one at a time.

    ``most`` may wait; whoever comes with one more waits with it. A call must not raise.
    """

    def __init__(self, executor: Executor, most: int) -> None:
        self._executor = executor
        self._most = most
        self._waiting: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        self._is_running = False

    def add(self, call: Callable[[], object]) -> None:
        """Have it run after all that came before."""
        with self._changed:
            while len(self._waiting) >= self._most:
                self._changed.wait()
            self._waiting.append(call)
            if self._is_running:
                return
            self._is_running = True
        self._executor.submit(self._run)

    def wait(self) -> None:
        """Return when nothing waits or runs."""
        with self._changed:
            while self._is_running:
                self._changed.wait()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_running = False
                    self._changed.notify_all()
                    return
                call = self._waiting.popleft()
                self._changed.notify_all()
            try:
                call()
            except BaseException:
                with self._changed:
                    self._is_running = False
                    self._waiting.clear()
                    self._changed.notify_all()
                raise
