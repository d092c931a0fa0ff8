import pytest

from tiefvision.training.schedules import SteppedSchedule


def test_the_rate_falls_after_each_part():
    schedule = SteppedSchedule(6, 0.01, parts=6)
    rates = [schedule.rate(step, 600) for step in range(600)]
    assert rates[0] == rates[99] == 0.01
    assert rates[100] == rates[199] == pytest.approx(1e-3)
    assert rates[599] == pytest.approx(1e-7)
    assert schedule.rate(900, 600) == pytest.approx(1e-7)  # past the end


def test_one_part_keeps_the_rate():
    schedule = SteppedSchedule(6, 0.01)
    assert {schedule.rate(step, 60) for step in range(60)} == {0.01}
    assert schedule.rate(0, 0) == 0.01


def test_the_rate_rises_during_a_warm_up():
    schedule = SteppedSchedule(1, 1.0, warm_up=0.3)
    assert [schedule.rate(step, 10) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
