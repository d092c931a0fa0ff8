import pytest
import torch

from tiefvision.benchmarks import timing
from tiefvision.benchmarks.timing import (
    Repetition,
    Timings,
    time_in_turns,
    times_faster,
)

CPU = torch.device("cpu")


def test_works_take_turns_and_a_short_one_runs_twice():
    done = []
    works = {name: lambda name=name: done.append(name) for name in "ab"}
    rules = Repetition(seconds=60.0, least=1, most=4, rest=0.0)
    timings = time_in_turns(works, CPU, rules)
    assert done == ["a", "a", "b", "b"] * 4
    assert [len(timings[name].rounds) for name in "ab"] == [4, 4]


def test_a_long_work_runs_once_behind_the_first_round(monkeypatch):
    monkeypatch.setattr(timing, "SHORT", 0.0)
    done = []
    rules = Repetition(seconds=60.0, least=1, most=3, rest=0.0)
    timings = time_in_turns({"a": lambda: done.append("a")}, CPU, rules)
    assert (len(done), len(timings["a"].rounds)) == (4, 3)


def test_out_of_repetition_the_fewest_rounds_are_still_measured():
    rules = Repetition(0.0, least=3, most=9, rest=0.0)
    timings = time_in_turns({"": lambda: None}, CPU, rules)
    assert len(timings[""].rounds) == 3


def test_before_every_work_there_is_a_rest(monkeypatch):
    rests = []
    monkeypatch.setattr(timing.time, "sleep", rests.append)
    works = {"a": lambda: None, "b": lambda: None}
    time_in_turns(works, CPU, Repetition(0.0, least=2, most=2, rest=0.5))
    assert rests == [0.5] * 4


def test_median_and_best():
    timings = Timings((3.0, 1.0, 10.0))
    assert (timings.seconds, timings.best) == (3.0, 1.0)


def test_works_are_compared_within_a_round():
    # A load that doubles the times of the second round does not change the ratio.
    assert times_faster(Timings((1.0, 2.0, 1.0)), Timings((3.0, 6.0, 9.0))) == 3.0


def test_an_error_of_a_work_is_raised():
    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        time_in_turns({"": fail}, CPU)
