import pytest

from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.startup import Startup
from tiefvision.cli.running import BAD_USAGE, DONE
from tiefvision.encoders.architectures import ARCHITECTURES

ROW = Measured("a work", "float32", 0.5, 2.0, "GFLOP/s", share=0.9, over_naive=3.0)


@pytest.fixture
def quick(monkeypatch):
    """A bench that measures nothing and reports its arguments."""
    asked = []

    def suite(architectures, locator, models, device):
        asked.append((tuple(one.name for one in architectures), models, device.type))
        return [lambda: iter([ROW]), lambda: iter([ROW, ROW])]

    monkeypatch.setattr("tiefvision.benchmarks.suite.suite", suite)
    return asked


def test_json_lines(tiefvision, trained, quick):
    spoken = tiefvision("bench", "--workspace", trained, "--json")
    assert spoken.code == DONE
    machine, *rows = spoken.lines
    assert machine["machine"]["threads"] >= 1
    assert rows == [ROW.to_dict()] * 3


def test_the_table_and_its_heading(tiefvision, trained, quick):
    spoken = tiefvision("bench", "--workspace", trained, "--device", "cpu")
    assert spoken.code == DONE
    assert "torch" in spoken.out.splitlines()[0]
    for text in ("of the limit", "a work", "500.0", "2.0 GFLOP/s", "90%", "3.0 x"):
        assert text in spoken.out
    (asked,) = quick
    assert asked[0] == tuple(ARCHITECTURES)
    assert str(trained) in asked[1]
    assert asked[2] == "cpu"


def test_encoders_can_be_chosen(tiefvision, trained, quick):
    arguments = ("--encoder", "mobilenet_v2", "--encoder", "alexnet")
    tiefvision("bench", "--workspace", trained, *arguments)
    assert quick[0][0] == ("mobilenet_v2", "alexnet")
    spoken = tiefvision("bench", "--workspace", trained, "--encoder", "vgg16")
    assert spoken.code == BAD_USAGE
    assert "vgg16" in spoken.err


@pytest.fixture
def started(monkeypatch):
    """A benchmark of start-up that runs no command."""
    row = Startup("locate", 2.5, 2.75, 3.0, 0.5)
    monkeypatch.setattr(
        "tiefvision.benchmarks.startup.measure_startup", lambda folder, track: [row]
    )
    return row


def test_whole_commands_are_timed_if_asked_for(tiefvision, started):
    spoken = tiefvision("bench", "--startup", "--json")
    assert (spoken.code, spoken.lines) == (DONE, [started.to_dict()])
    _, row = tiefvision("bench", "--startup").out.splitlines()
    assert row.split() == ["locate", "2.50", "2.75", "3.00", "0.50"]


@pytest.mark.parametrize("option", ["--encoder", "--models"])
def test_of_start_up_there_is_nothing_to_choose(option, tiefvision, started):
    assert tiefvision("bench", "--startup", option, "alexnet").code == BAD_USAGE
