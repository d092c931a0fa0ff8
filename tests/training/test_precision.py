import pytest
import torch

from tiefvision.errors import BadUsage
from tiefvision.training import precision
from tiefvision.training.precision import ROUNDS, settled_dtype, training_dtype

CPU = torch.device("cpu")


@pytest.fixture
def steps(monkeypatch):
    """A function that tells how long the steps in each format take, in turns."""

    def take(**seconds):
        formats = [getattr(torch, name) for name in seconds]
        assert formats == [torch.float32, torch.bfloat16]
        moments, now = [], 0.0
        for number in range(ROUNDS):
            for times in seconds.values():
                moments += [now, now + times[number]]
                now += times[number]
        monkeypatch.setattr(precision.time, "perf_counter", iter(moments).__next__)

    return take


@pytest.mark.parametrize(
    ("float32", "bfloat16", "expected"),
    [
        ((2.0, 2.0, 2.0), (1.0, 1.0, 1.0), torch.bfloat16),
        ((1.0, 1.0, 1.0), (2.0, 2.0, 2.0), torch.float32),
        # The fastest step of each counts: others were disturbed, or the first.
        ((2.0, 2.0, 2.0), (9.0, 9.0, 1.0), torch.bfloat16),
        ((9.0, 1.0, 9.0), (2.0, 2.0, 2.0), torch.float32),
    ],
)
def test_a_processor_trains_in_the_faster_format(steps, float32, bfloat16, expected):
    steps(float32=float32, bfloat16=bfloat16)
    assert training_dtype(CPU) == expected


@pytest.mark.parametrize(
    ("device", "capability", "expected"),
    [
        ("cuda", (7, 5), torch.float32),
        ("cuda", (8, 0), torch.bfloat16),
        ("mps", None, torch.float32),
    ],
)
def test_other_devices_are_not_timed(monkeypatch, device, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(precision.time, "perf_counter", None)
    assert training_dtype(torch.device(device)) == expected


def test_a_settled_format_is_timed_once(monkeypatch, tmp_path):
    monkeypatch.setenv("TIEFVISION_CACHE", str(tmp_path))
    answers = iter([torch.bfloat16])
    monkeypatch.setattr(precision, "training_dtype", lambda device: next(answers))
    assert settled_dtype("auto", CPU) == torch.bfloat16
    assert settled_dtype("auto", CPU) == torch.bfloat16  # not asked again
    assert settled_dtype("float32", CPU) == torch.float32
    with pytest.raises(BadUsage, match="no precision called 'float16'"):
        settled_dtype("float16", CPU)
