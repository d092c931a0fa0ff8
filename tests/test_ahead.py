import threading

import pytest

from tiefvision.ahead import RESULTS_PER_WORKER, read_ahead


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_the_order_of_the_items(workers):
    assert list(read_ahead(lambda n: n * n, range(20), workers)) == [
        n * n for n in range(20)
    ]


@pytest.mark.parametrize("workers", [0, 2])
def test_no_items_give_no_results(workers):
    assert list(read_ahead(str, [], workers)) == []


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_exception_is_raised_in_the_place_of_its_item(workers):
    results = read_ahead(lambda n: 1 // (3 - n), range(6), workers)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_the_number_of_waiting_results_is_limited():
    drawn = []

    def items():
        for number in range(100):
            drawn.append(number)
            yield number

    results = read_ahead(lambda n: n, items(), 2)
    next(results)
    assert len(drawn) == 2 * RESULTS_PER_WORKER + 1
    results.close()


def test_results_are_computed_while_the_caller_is_busy():
    second_began = threading.Event()

    def work(number):
        if number == 1:
            second_began.set()
        return number

    results = read_ahead(work, range(4), 1)
    next(results)
    assert second_began.wait(timeout=10)
    results.close()
