import importlib.util
import json
import os
import subprocess
import sys

import pytest
import torch

from tiefvision.engines import choice, openvino
from tiefvision.engines.choice import Backend, OpenVinoEngine, require_engine
from tiefvision.engines.torch import TorchEngine
from tiefvision.errors import BadUsage


@pytest.fixture
def processor_alone(monkeypatch, tmp_path):
    """A machine without a GPU."""
    monkeypatch.setattr(choice, "_GPUS", (tmp_path / "gpu",))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def with_gpu(monkeypatch, tmp_path):
    """A machine with an NVIDIA GPU that torch can use."""
    (tmp_path / "gpu").touch()
    monkeypatch.setattr(choice, "_GPUS", (tmp_path / "none", tmp_path / "gpu"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.fixture
def without_openvino(monkeypatch):
    monkeypatch.setattr(choice, "has_openvino", lambda: False)


@pytest.mark.usefixtures("processor_alone")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_openvino_runs_networks_on_a_processor(device):
    assert Backend(device).inference == OpenVinoEngine()
    assert Backend(device, "openvino").inference == OpenVinoEngine()


@pytest.mark.usefixtures("processor_alone")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_torch_runs_networks_where_it_is_asked_for(device):
    assert Backend(device, "torch").inference == TorchEngine(torch.device("cpu"))


@pytest.mark.usefixtures("processor_alone", "without_openvino")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_torch_runs_networks_where_openvino_is_not_installed(device):
    assert Backend(device).inference == TorchEngine(torch.device("cpu"))


@pytest.mark.usefixtures("with_gpu")
def test_torch_runs_networks_on_a_gpu():
    cuda = TorchEngine(torch.device("cuda"))
    assert Backend().inference == cuda
    assert Backend("cuda").inference == cuda
    assert Backend("cpu").inference == OpenVinoEngine()
    assert Backend("auto", "openvino").inference == OpenVinoEngine()


@pytest.mark.usefixtures("with_gpu")
def test_openvino_runs_networks_beside_a_gpu_that_torch_cannot_use(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert Backend().inference == OpenVinoEngine()


def test_an_engine_is_made_once():
    backend = Backend("cpu")
    assert backend.inference is backend.inference


def test_an_unknown_engine_is_refused_with_the_known():
    with pytest.raises(BadUsage, match="no engine 'onnx'") as caught:
        require_engine("onnx")
    assert caught.value.fix == "Use auto, openvino, torch."
    with pytest.raises(BadUsage, match="no engine 'onnx'"):
        _ = Backend("cpu", "onnx").inference


def test_a_missing_engine_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    with pytest.raises(BadUsage, match="openvino is not installed") as caught:
        require_engine("openvino")
    assert caught.value.fix == "Run: pip install openvino"
    require_engine("auto")
    require_engine("torch", "cuda")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_openvino_is_refused_on_a_gpu(device):
    with pytest.raises(BadUsage, match=f"on the CPU, not on {device}") as caught:
        _ = Backend(device, "openvino").inference
    assert "--engine torch" in caught.value.fix


@pytest.mark.usefixtures("processor_alone")
@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_a_device_that_is_not_here_is_refused(engine):
    with pytest.raises(BadUsage, match="no device 'cuda' here"):
        _ = Backend("cuda", engine).inference


def test_threads_are_limited_for_both_libraries(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    assert Backend("cpu", threads=3).inference == OpenVinoEngine(3)
    assert asked == []
    assert Backend("cpu", threads=3).training == torch.device("cpu")
    assert asked == [3]
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_a_compiled_network_gets_threads_and_settings(monkeypatch):
    seen = []
    monkeypatch.setattr(
        openvino, "compile_network", lambda *given, **named: seen.append((given, named))
    )
    OpenVinoEngine(5).compile([], {}, 3, channels_last=True, number_format="bfloat16")
    options = {"channels_last": True, "number_format": "bfloat16", "threads": 5}
    assert seen == [(([], {}, 3), options)]


def test_the_engine_tells_its_release():
    import openvino as library

    release, _, _ = library.__version__.partition("-")
    assert OpenVinoEngine().name == f"OpenVINO {release}"


ALONE = """
import json, sys
from tiefvision.engines.choice import Backend
engine = Backend("cpu").inference
before = [name for name in ("torch", "openvino", "numpy") if name in sys.modules]
from tiefvision.engines.layers import Convolution
import numpy as np
run = engine.compile([Convolution(1, 1, 1)], {
    "0.weight": np.ones((1, 1, 1, 1), np.float32), "0.bias": np.ones(1, np.float32)
}, 1)
maps = run(np.ones((1, 1, 2, 2), np.float32))
print(json.dumps([before, maps.tolist(), "torch" in sys.modules]))
"""


def test_the_choice_imports_no_engine_and_openvino_no_torch():
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True
    )
    before, maps, torch_is_loaded = json.loads(done.stdout)
    assert not {"torch", "openvino"} & set(before)
    assert maps == [[[[2.0, 2.0], [2.0, 2.0]]]]
    assert not torch_is_loaded
