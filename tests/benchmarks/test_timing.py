import pytest
import torch

from tiefvision.benchmarks.timing import Repetition, Timings, time_in_turns

CPU = torch.device("cpu")


def test_works_take_turns_and_the_first_round_is_not_measured():
    done = []
    works = {name: lambda name=name: done.append(name) for name in "ab"}
    timings = time_in_turns(works, CPU, Repetition(seconds=60.0, least=1, most=4))
    assert done == ["a", "b"] * 5
    assert [len(timings[name].rounds) for name in "ab"] == [4, 4]
    assert all(seconds >= 0 for name in "ab" for seconds in timings[name].rounds)


def test_out_of_repetition_the_fewest_rounds_are_still_measured():
    timings = time_in_turns({"": lambda: None}, CPU, Repetition(0.0, least=3, most=9))
    assert len(timings[""].rounds) == 3


def test_median_and_best():
    timings = Timings((3.0, 1.0, 10.0))
    assert (timings.seconds, timings.best) == (3.0, 1.0)


def test_an_error_of_a_work_is_raised():
    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        time_in_turns({"": fail}, CPU)
