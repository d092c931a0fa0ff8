"""Networks of the literature as ONNX compute what their modules do."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tiefvision.engines.modules import arrays_of
from tiefvision.models.onnx_export.literature import network_graph
from tiefvision.models.onnx_export.writing import write_onnx
from tiefvision.models.trained import TrainedModels
from tiefvision.networks.building import build_network
from tiefvision.networks.table import NETWORKS
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.workspace.artifacts import Workspace

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


def test_a_trained_network_of_a_workspace(run, put_network, tmp_path):
    put_network(run, "mobilenet-tenth", 0.1)
    models = TrainedModels(Workspace(run))
    write_onnx(models, tmp_path)
    crops = np.random.default_rng(6).integers(0, 256, (2, 224, 224, 3), np.uint8)
    session = onnxruntime.InferenceSession(str(tmp_path / "mobilenet-tenth.onnx"))
    (found,) = session.run(None, {"crops": crops.astype(np.float32)})
    expected = models.trained_ranker("mobilenet-tenth")(GarmentBatch(pixels=crops))
    np.testing.assert_allclose(found, expected, atol=1e-4)
