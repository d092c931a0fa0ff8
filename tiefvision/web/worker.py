"""The one thread that networks and searches run on, and the queue before it.

Two searches at once would share the cores and take twice as long each, and a finder is
not made for several threads. Who comes when the queue is full is told to try again,
instead of waiting without end.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Busy(Exception):
    """So many requests wait that another one would wait too long."""


class Worker:
    """Runs functions one after the other in a thread of its own.

    Args:
        most_waiting: functions that may wait beside the one that runs.
    """

    def __init__(self, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="networks")
        self._most = most_waiting + 1
        self._lock = Lock()
        self._inside = 0

    @property
    def inside(self) -> int:
        """Number of functions that run or wait."""
        return self._inside

    def do(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of a function, once its turn has come; blocks this thread.

        Raises:
            Busy: The queue is full.
        """
        return self.submit(function, *args, **kwargs).result()

    def submit(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[R]":
        """Put a function into the queue. Raises Busy."""
        with self._lock:
            if self._inside >= self._most:
                raise Busy
            self._inside += 1
        try:
            future = self._pool.submit(function, *args, **kwargs)
        except BaseException:  # the server is going down
            self._left()
            raise
        future.add_done_callback(lambda _: self._left())
        return future

    def close(self) -> None:
        """Drop what waits, and wait for what runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _left(self) -> None:
        with self._lock:
            self._inside -= 1
