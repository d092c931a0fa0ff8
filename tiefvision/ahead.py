"""Reading ahead: results are computed in threads before the consumer asks for them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

RESULTS_PER_WORKER = 2
"""Results held for each worker: one to be consumed next, one to bridge a slow item."""


def read_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Apply a function to items like ``map``, in threads and ahead of the consumer.

    Threads suffice for work that releases the interpreter lock, such as decoding and
    resizing in Pillow. At most ``workers * RESULTS_PER_WORKER`` results wait to be
    consumed. An exception of the function is raised when the result of its item is
    due, and ends the iteration. A function whose errors must not end the iteration
    returns them as results.

    Args:
        function: function of one item, called in worker threads.
        items: arguments, drawn one by one in the caller's thread.
        workers: number of threads; with 0 the function runs in the caller's thread,
            one item at a time.

    Yields:
        The results in the order of the items.
    """
    if workers == 0:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ahead")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers * RESULTS_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # An interrupted caller does not wait for results that nobody will consume.
        pool.shutdown(wait=False, cancel_futures=True)
