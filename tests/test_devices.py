import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tiefvision.devices import DEVICES, choose_device, limit_threads, require_device
from tiefvision.errors import BadUsage

ROOT = Path(__file__).parent.parent


@pytest.fixture
def machine(monkeypatch):
    """Sets which accelerators there are."""

    def has(cuda=False, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({}, "cpu"),
        ({"mps": True}, "mps"),
        ({"cuda": True}, "cuda"),
        ({"cuda": True, "mps": True}, "cuda"),
    ],
)
def test_auto_is_the_fastest_that_is_there(there, chosen, machine):
    machine(**there)
    assert choose_device("auto") == torch.device(chosen)


def test_the_processor_can_be_chosen_beside_an_accelerator(machine):
    machine(cuda=True)
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_an_accelerator_that_is_not_there_is_refused(name, machine):
    machine()
    with pytest.raises(BadUsage, match=f"no device '{name}' here. Use auto, cpu."):
        choose_device(name)


@pytest.mark.parametrize("name", ["abacus", "", "CPU", "cuda:0"])
def test_what_is_no_device_anywhere_is_refused(name):
    for check in (require_device, choose_device):
        with pytest.raises(BadUsage, match="Use auto, cpu, cuda, mps"):
            check(name)


@pytest.mark.parametrize("name", DEVICES)
def test_what_is_a_device_somewhere_passes(name):
    require_device(name)


def test_devices_are_checked_without_torch():
    code = (
        "import json, sys; from tiefvision.devices import require_device; "
        "require_device('cuda'); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    modules = json.loads(done.stdout)
    assert "tiefvision.devices" in modules and "torch" not in modules


@pytest.fixture
def threads(monkeypatch):
    """Puts the threads back afterwards."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_threads_are_limited_now_and_for_what_is_imported_later(threads):
    limit_threads(3)
    assert torch.get_num_threads() == 3
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_no_threads_are_no_limit(threads):
    limit_threads(2)
    limit_threads(0)
    assert torch.get_num_threads() == 2
    assert os.environ["OMP_NUM_THREADS"] == "2"
