import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from tiefvision.engines import openvino
from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.engines.torch import TorchEngine

MANY_SIZES = """
import numpy as np
from tiefvision.encoders.dense import make_encoder

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

encoder = make_encoder("efficientnet_lite0", "shipped")
encoder.encode(np.zeros((420, 420, 3), np.uint8))
for side in range(224, 420, 4):
    encoder.encode(np.zeros((side, 420, 3), np.uint8))
before = resident()
for side in range(226, 420, 4):
    encoder.encode(np.zeros((side, 420, 3), np.uint8))
print(resident() - before)
"""
"""Prints by how many bytes memory grows with 49 further sizes."""

CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture(scope="module")
def plain_torch():
    return TorchEngine(torch.device("cpu"))


def test_a_network_computes_what_torch_does(network, maps, plain_torch):
    found = network.compile(OpenVinoEngine())(maps)
    expected = network.compile(plain_torch)(maps)
    assert found.dtype == np.float32
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_channels_may_be_the_last_axis(plain_network, maps):
    first, last = (
        plain_network.compile(OpenVinoEngine(), channels_last=one)
        for one in (False, True)
    )
    turned = np.ascontiguousarray(maps.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(last(turned), first(maps), **CLOSE)


def test_maps_of_any_size_run_in_turn(plain_network, plain_torch):
    run, expected = map(plain_network.compile, (OpenVinoEngine(), plain_torch))
    results = []
    for size in [(9, 12), (20, 7), (9, 12), (3, 3)]:
        maps = np.random.default_rng(0).standard_normal((1, 5, *size))
        results.append((run(maps.astype(np.float32)), expected(maps.astype("float32"))))
    # Compared at the end, since no result may lie in memory that the next one uses.
    for found, wanted in results:
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_threads_may_share_a_network(plain_network, maps):
    run = plain_network.compile(OpenVinoEngine())
    expected = run(maps)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: run(maps), range(40)))
    for result in found:
        np.testing.assert_array_equal(result, expected)


def test_maps_are_left_alone(plain_network, maps):
    kept = maps.copy()
    plain_network.compile(OpenVinoEngine())(maps)
    np.testing.assert_array_equal(maps, kept)


class FakeCore:
    """OpenVINO's core on a processor with given capabilities; notes the settings."""

    def __init__(self, core, capabilities=("FP32",)):
        self._core, self._capabilities = core, list(capabilities)
        self.settings = []

    def get_property(self, device, name):
        assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
        return self._capabilities

    def compile_model(self, model, device, settings):
        self.settings.append(settings)
        return self._core.compile_model(model, device, settings)


@pytest.fixture
def core(monkeypatch):
    fake = FakeCore(openvino._core())
    monkeypatch.setattr(openvino, "_core", lambda: fake)
    return fake


@pytest.mark.parametrize(
    ("capabilities", "formats"),
    [
        (("FP32", "INT8"), ("float32",)),
        (("FP32", "BF16", "INT8"), ("float32", "bfloat16")),
    ],
)
def test_formats_are_those_that_the_processor_has(monkeypatch, capabilities, formats):
    fake = FakeCore(None, capabilities)
    monkeypatch.setattr(openvino, "_core", lambda: fake)
    assert OpenVinoEngine().formats() == formats


@pytest.mark.parametrize(
    ("number_format", "hint"), [("float32", "f32"), ("bfloat16", "bf16")]
)
def test_the_format_is_asked_for_whatever_the_processor(
    core, plain_network, number_format, hint
):
    plain_network.compile(OpenVinoEngine(), number_format=number_format)
    (settings,) = core.settings
    assert settings["INFERENCE_PRECISION_HINT"] == hint


@pytest.mark.parametrize(
    ("threads", "environment", "asked"),
    [(3, "2", 3), (0, "2", 2), (0, "", None), (0, "many", None)],
)
def test_threads_are_limited_as_asked(
    core, plain_network, monkeypatch, threads, environment, asked
):
    monkeypatch.setenv("OMP_NUM_THREADS", environment)
    plain_network.compile(OpenVinoEngine(threads))
    assert core.settings[0].get("INFERENCE_NUM_THREADS") == asked


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read as Linux tells it"
)
def test_new_sizes_take_no_more_memory():
    spoken = subprocess.run(
        [sys.executable, "-c", MANY_SIZES],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    # 49 more sizes, which would take 170 MB if all were kept.
    assert int(spoken.stdout) < 40e6
