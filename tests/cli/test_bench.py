import json

import pytest

from tiefvision.benchmarks.measured import Goal, Measured
from tiefvision.benchmarks.startup import Startup
from tiefvision.cli.running import BAD_USAGE, DONE
from tiefvision.encoders.architectures import ARCHITECTURES

ROW = Measured(
    "a heading: a step",
    "float32",
    0.5,
    2.0,
    "GFLOP/s",
    share=0.9,
    engine="openvino",
    over_eager=3.0,
    over_crops=160.0,
    goal=Goal("95%", False),
    note="a remark",
)


@pytest.fixture
def quick(monkeypatch):
    """A bench that measures nothing and reports its arguments."""
    asked = []

    def suite(architectures, subject, backend):
        names = tuple(one.name for one in architectures)
        asked.append((names, subject.label, backend.device))
        return [lambda: iter([ROW]), lambda: iter([ROW, ROW])]

    monkeypatch.setattr("tiefvision.benchmarks.suite.suite", suite)
    return asked


def test_json_lines(tiefvision, trained, quick):
    spoken = tiefvision("bench", "--workspace", trained, "--json")
    assert spoken.code == DONE
    machine, *rows = spoken.lines
    assert machine["machine"]["threads"] >= 1
    assert machine["engine"].startswith("OpenVINO")
    assert rows == [json.loads(json.dumps(ROW.to_dict()))] * 3


def test_the_tables_and_their_heading(tiefvision, trained, quick):
    spoken = tiefvision("bench", "--workspace", trained, "--device", "cpu")
    assert spoken.code == DONE
    machine, _, heading, columns, *rows, note, again, last = spoken.out.splitlines()
    assert "torch" in machine and "OpenVINO" in machine
    assert heading == "a heading"
    assert "of limit" in columns
    cells = "a step openvino float32 500.0 2.0 90% 3.0 x 160 x 95% no"
    assert [" ".join(row.split()) for row in rows] == [cells] * 3
    assert note == again == last == "a step: a remark."
    (asked,) = quick
    assert asked[0] == tuple(ARCHITECTURES)
    assert str(trained) in asked[1]
    assert asked[2] == "cpu"


def test_the_tables_fit_80_columns(quick, trained, tiefvision, monkeypatch):
    monkeypatch.setattr("tiefvision.cli.output.terminal_width", lambda: 80)
    spoken = tiefvision("bench", "--workspace", trained)
    assert max(map(len, spoken.out.splitlines())) <= 80
    assert "500.0" in spoken.out


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
    row = Startup("locate", 1.25, 2.75, 3.0, 350_000_000)
    monkeypatch.setattr(
        "tiefvision.benchmarks.startup.measure_startup", lambda folder, track: [row]
    )
    return row


def test_whole_commands_are_timed_if_asked_for(tiefvision, started):
    spoken = tiefvision("bench", "--startup", "--json")
    assert (spoken.code, spoken.lines) == (DONE, [started.to_dict()])
    _, row = tiefvision("bench", "--startup").out.splitlines()
    goal = ["1.2", "s,", "400", "MB", "no"]
    assert row.split() == ["locate", "1.25", "2.75", "3.00", "350", *goal]


@pytest.mark.parametrize("option", ["--encoder", "--models"])
def test_of_start_up_there_is_nothing_to_choose(option, tiefvision, started):
    assert tiefvision("bench", "--startup", option, "alexnet").code == BAD_USAGE
