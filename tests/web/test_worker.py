"""One thread, in turns, and a queue that ends."""

from threading import Event, current_thread

import pytest

from tiefvision.web.worker import Busy, Worker


def test_functions_run_one_by_one_in_one_thread() -> None:
    worker, order = Worker(10), []
    first, let = Event(), Event()

    def wait() -> None:
        first.set()
        let.wait()
        order.append("first")

    waiting = worker.submit(wait)
    first.wait()
    other = worker.submit(order.append, "second")
    assert worker.inside == 2
    let.set()
    waiting.result()
    other.result()
    assert order == ["first", "second"]
    assert worker.do(current_thread) is worker.do(current_thread)
    assert worker.do(current_thread) is not current_thread()
    worker.close()


def test_who_comes_to_a_full_queue_is_refused_and_may_come_again() -> None:
    worker, let, started = Worker(1), Event(), Event()

    def wait() -> None:
        started.set()
        let.wait()

    running = worker.submit(wait)
    started.wait()
    waiting = worker.submit(lambda: 7)
    with pytest.raises(Busy):
        worker.submit(lambda: 8)
    let.set()
    running.result()
    assert waiting.result() == 7
    assert worker.do(lambda: 9) == 9
    worker.close()


def test_an_error_reaches_the_caller_and_the_thread_goes_on() -> None:
    worker = Worker(1)
    with pytest.raises(ZeroDivisionError):
        worker.do(lambda: 1 // 0)
    assert worker.do(lambda: 1) == 1
    assert worker.inside == 0
    worker.close()
