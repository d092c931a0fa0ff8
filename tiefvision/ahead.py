"""Work that is done ahead of whoever waits for it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD_OF_A_WORKER = 2
"""Results that a worker may lie ahead: one that is taken, one to bridge a slow item."""


def read_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Like ``map``, with results made in threads before they are asked for.

    Threads suffice where the work leaves the interpreter, as Pillow's decoding and
    resizing do. Results come in the order of the items; at most ``AHEAD_OF_A_WORKER``
    for each worker are held. An exception comes out in the place of its item, and ends
    the iteration: a function whose failures are to be survived returns them.

    Args:
        function: Called in threads.
        items: Drawn in the caller's thread.
        workers: Threads; 0 works in the caller's own, one item at a time.
    """
    if workers == 0:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ahead")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers * AHEAD_OF_A_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # An interrupted caller does not wait for what nobody will read.
        pool.shutdown(wait=False, cancel_futures=True)
