"""Networks of the literature as ONNX compute what their modules do."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tiefvision.engines.modules import arrays_of
from tiefvision.models.onnx_export.literature import network_graph
from tiefvision.networks.building import build_network
from tiefvision.networks.table import NETWORKS

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

WIDTH = 0.05


@torch.no_grad()
def drawn(name, images):
    """A narrow network whose normalisations have the statistics of its images."""
    network = build_network(name, WIDTH, seed=3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()(images)
    return network.eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_computes_what_its_module_does(name):
    side = NETWORKS[name].side
    crops = np.random.default_rng(5).uniform(0, 255, (3, side, side, 3))
    crops[1] *= np.linspace(0, 1, side)[:, None]
    crops[2, :, :, 0] = 255
    crops = crops.astype(np.float32)
    images = torch.from_numpy(crops).permute(0, 3, 1, 2) / 255
    network = drawn(name, images)
    graph = network_graph(network.published, WIDTH, arrays_of(network))
    session = onnxruntime.InferenceSession(
        graph.to_bytes({}), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"crops": crops})
    with torch.inference_mode():
        expected = functional.normalize(network(images), dim=1).numpy()
    assert expected.shape == found.shape
    assert np.abs(expected[0] - expected[1]).max() > 1e-3  # it looks at the pixels
    np.testing.assert_allclose(found, expected, atol=1e-4)
