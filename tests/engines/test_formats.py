import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from tiefvision.engines import formats
from tiefvision.engines.formats import (
    PRECISIONS,
    TIMED_SIZE,
    cache_folder,
    check_precision,
    fastest_format,
)
from tiefvision.engines.layers import Convolution
from tiefvision.errors import BadUsage
from tiefvision.machine import processor_name

LAYERS = (Convolution(3, 4, 3),)
WEIGHTS = {
    "0.weight": np.zeros((4, 3, 3, 3), np.float32),
    "0.bias": np.zeros(4, np.float32),
}


class Clock:
    """A clock that only the runs of a ``FakeEngine`` advance."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class FakeEngine:
    """An engine whose runs take the times that are told, one after the other."""

    def __init__(self, clock, name="fake 1", **times):
        self.name, self._clock = name, clock
        self._times = {
            number_format: list(each) for number_format, each in times.items()
        }
        self.compiled = []

    def formats(self):
        return tuple(self._times)

    def compile(self, layers, weights, channels, *, number_format, **options):
        assert (layers, weights, channels) == (LAYERS, WEIGHTS, 3)
        self.compiled.append(number_format)
        times = iter(self._times[number_format])

        def run(maps):
            assert (maps.shape, maps.dtype) == ((1, 3, *TIMED_SIZE), np.float32)
            self._clock.now += next(times)
            return maps

        return run


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(formats.time, "perf_counter", clock)
    return clock


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The file of the remembered formats, in a folder that does not exist yet."""
    monkeypatch.setenv("TIEFVISION_CACHE", str(tmp_path / "new" / "cache"))
    return tmp_path / "new" / "cache" / "formats.json"


@pytest.fixture
def make_engine(clock):
    """A function that makes an engine with both formats, of these seconds a run."""

    def make(float32, bfloat16, **options):
        rounds = formats.ROUNDS
        times = {"float32": [float32] * rounds, "bfloat16": [bfloat16] * rounds}
        return FakeEngine(clock, **times, **options)

    return make


def fastest(engine, network="net"):
    return fastest_format(engine, network, LAYERS, WEIGHTS)


@pytest.mark.parametrize(
    ("float32", "bfloat16", "expected"),
    [(3.0, 2.0, "bfloat16"), (2.0, 3.0, "float32"), (2.0, 2.0, "float32")],
)
def test_the_faster_format_is_chosen(cache, make_engine, float32, bfloat16, expected):
    engine = make_engine(float32, bfloat16)
    assert fastest(engine) == expected
    assert engine.compiled == ["float32", "bfloat16"]


def test_the_fastest_run_of_each_format_counts(cache, clock):
    """Other processes, and the first run, which compiles, can only delay one."""
    engine = FakeEngine(
        clock, float32=[9.0, 3.0, 3.0, 3.0, 3.0], bfloat16=[9.0, 9.0, 9.0, 2.0, 9.0]
    )
    assert fastest(engine) == "bfloat16"


def test_a_choice_is_remembered(cache, make_engine):
    assert fastest(make_engine(3.0, 2.0)) == "bfloat16"
    assert json.loads(cache.read_text()) == {
        f"net / fake 1 / {processor_name()}": "bfloat16"
    }
    again = make_engine(2.0, 3.0)
    assert fastest(again) == "bfloat16"
    assert again.compiled == []
    assert [path.name for path in cache.parent.iterdir()] == [cache.name]


@pytest.mark.parametrize("changed", ["network", "engine", "processor"])
def test_another_machine_engine_or_network_is_timed(
    cache, make_engine, monkeypatch, changed
):
    fastest(make_engine(3.0, 2.0))
    name = "fake 2" if changed == "engine" else "fake 1"
    other = make_engine(2.0, 3.0, name=name)
    if changed == "processor":
        monkeypatch.setattr(formats, "processor_name", lambda: "another")
    network = "net 2" if changed == "network" else "net"
    assert fastest(other, network) == "float32"
    assert sorted(json.loads(cache.read_text()).values()) == ["bfloat16", "float32"]


def test_an_engine_with_one_format_is_never_timed(cache, clock):
    engine = FakeEngine(clock, float32=[])
    assert fastest(engine) == "float32"
    assert engine.compiled == []
    assert not cache.parent.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"7", b"\xff\xfe", b'{"KEY": "float8"}', b'{"KEY": {"a": 1}}'],
)
def test_a_damaged_or_alien_file_is_timed_anew_and_replaced(
    cache, make_engine, content
):
    key = f"net / fake 1 / {processor_name()}"
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content.replace(b"KEY", key.encode()))
    engine = make_engine(3.0, 2.0)
    assert fastest(engine) == "bfloat16"
    assert engine.compiled
    assert json.loads(cache.read_text()) == {key: "bfloat16"}


def test_a_folder_that_cannot_be_written_is_no_error(cache, make_engine):
    cache.parent.parent.mkdir()
    cache.parent.write_text("a file where the folder would be")
    for _ in range(2):
        engine = make_engine(3.0, 2.0)
        assert fastest(engine) == "bfloat16"
        assert engine.compiled


def test_a_folder_where_the_file_would_be_is_no_error(cache, make_engine):
    cache.mkdir(parents=True)
    assert fastest(make_engine(3.0, 2.0)) == "bfloat16"


@pytest.mark.skipif(os.name != "posix", reason="folders of users differ")
def test_the_cache_lies_where_the_system_has_caches(monkeypatch):
    monkeypatch.setenv("TIEFVISION_CACHE", "/here")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/here")
    monkeypatch.delenv("TIEFVISION_CACHE")
    assert cache_folder() == Path("/caches/tiefvision")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/tiefvision")


def test_an_unknown_precision_is_refused_with_the_known():
    assert [check_precision(name) for name in PRECISIONS] == list(PRECISIONS)
    with pytest.raises(BadUsage, match=re.escape("called 'half'")) as caught:
        check_precision("half")
    assert caught.value.fix == "Use auto, float32, bfloat16."
