import sys

import numpy as np
import pytest
import torch

from tiefvision.engines.onnx_graphs import Graph
from tiefvision.engines.torch import TorchEngine
from tiefvision.errors import TiefVisionError


def run_onnx(content, **given):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, given)


def test_layers_compute_what_torch_does(network, maps):
    pytest.importorskip("onnx")
    graph = Graph("layers")
    value = graph.given("maps", ("photos", 5, "height", "width"))
    result = graph.layers(network.layers, network.weights, value)
    graph.result("result", result, ("photos", "channels", "rows", "columns"))
    expected = network.compile(TorchEngine(torch.device("cpu")))(maps)
    (found,) = run_onnx(graph.to_bytes({}), maps=np.concatenate([maps, maps]))
    assert expected.std() > 0.1
    for one in found:
        np.testing.assert_allclose(one, expected[0], rtol=1e-4, atol=1e-4)


def test_vectors_get_unit_length_and_zeros_stay():
    pytest.importorskip("onnx")
    graph = Graph("unit")
    value = graph.given("rows", ("n", 2))
    graph.result("unit", graph.unit(value, 1, 1e-12), ("n", 2))
    rows = np.array([[3, 4], [0, 0]], dtype=np.float32)
    (found,) = run_onnx(graph.to_bytes({"made by": "hand"}), rows=rows)
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]], atol=1e-6)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(TiefVisionError, match="The package onnx is missing") as caught:
        Graph("none")
    assert caught.value.fix == "Run: pip install 'tiefvision[onnx]'"
