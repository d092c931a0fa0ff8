import pytest
import torch

from tiefvision.benchmarks import limits as limits_module
from tiefvision.benchmarks.limits import Limits
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.benchmarks.timing import Repetition
from tiefvision.engines.choice import Backend


@pytest.fixture
def once():
    """One round, and no rest: only counts and rows are of interest."""
    return Repetition(seconds=0.0, least=1, most=1, rest=0.0)


@pytest.fixture(autouse=True)
def tiny_limits(monkeypatch):
    monkeypatch.setattr(limits_module, "PRODUCT_SIDE", {"cpu": 16})
    monkeypatch.setattr(limits_module, "CHANNELS", 8)
    monkeypatch.setattr(limits_module, "MAP_SIDE", 4)
    monkeypatch.setattr(limits_module, "COPIED_BYTES", 2**20)


@pytest.fixture
def limits_of(once):
    """Limits of the processor with these engines."""

    def build(*names, own_threads=False):
        engines = {name: Backend("cpu", name).inference for name in names}
        return Limits(engines, torch.device("cpu"), own_threads, once)

    return build


@pytest.fixture(scope="session")
def drawn_photo(tmp_path_factory):
    """A street photograph of realistic size."""
    return write_street_photos(tmp_path_factory.mktemp("street"), 1)[0]
