import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.encoders import fused
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.fused import FusedConvolution, fuse_trunk
from tiefvision.encoders.precision import BEAR_BFLOAT16

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def photo():
    """A photograph of smooth patches and of noise, (240, 320, 3) uint8 RGB."""
    generator = np.random.default_rng(0)
    patches = generator.integers(0, 256, (8, 10, 3)).repeat(30, 0).repeat(32, 1)
    noise = generator.integers(-20, 20, (240, 320, 3))
    noise[:, :100] = 0
    return np.clip(patches + noise, 0, 255).astype(np.uint8)


def cosines(encoder, photo, got):
    """Cosine of each cell with that of the plain trunk; 1 where both are all zero."""
    with torch.inference_mode():
        plain = encoder(torch.from_numpy(photo)[None], (48, 32))[0]
    both_zero = (plain == 0).all(0) & (got == 0).all(0)
    return torch.cosine_similarity(plain, got, dim=0).masked_fill(both_zero, 1.0)


def test_cells_in_float32_equal_those_of_the_plain_trunk(encoder, photo):
    cells = encoder.encode(photo, (48, 32))
    assert cosines(encoder, photo, cells).min() > 0.99999


@pytest.mark.parametrize("name", BEAR_BFLOAT16)
def test_cells_in_bfloat16_keep_their_direction(name, photo):
    encoder = make_encoder(name, "random", 0, "bfloat16")
    cells = encoder.encode(photo, (48, 32))
    assert cells.dtype == torch.float32
    assert 0.999 < cosines(encoder, photo, cells).min() < 0.9999999


def test_feature_maps_without_onednn_are_the_same(encoder, photo, monkeypatch):
    own = encoder.encode(photo)
    monkeypatch.setattr(fused, "_has_onednn", lambda dtype: False)
    run = fuse_trunk(encoder.trunk, CPU, torch.float32)
    with torch.inference_mode():
        other = run(encoder._pixels(torch.from_numpy(photo)[None], (0, 0)))[0]
    torch.testing.assert_close(own, other, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_only_fused_convolutions_and_poolings_remain(name, random_encoder):
    run = fuse_trunk(random_encoder(name).trunk, CPU, torch.float32)
    called = {
        type(part.get_submodule(str(node.target)))
        for part in (run.first, run.others)
        for node in part.graph.nodes
        if node.op == "call_module"
    }
    assert FusedConvolution in called
    assert called <= {FusedConvolution, nn.MaxPool2d}


def test_normalisation_and_relu6_are_fused_in_a_copy():
    trunk = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU6()).eval()
    with torch.no_grad():
        trunk[1].running_var.fill_(1e-3)  # so that some results exceed 6
        trunk[1].weight.uniform_(0.5, 2.0)
    pixels = torch.randn(1, 3, 20, 20)
    with torch.inference_mode():
        expected = trunk(pixels)
        got = fuse_trunk(trunk, CPU, torch.float32)(pixels)
    assert expected.max() == 6.0
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    assert [type(layer) for layer in trunk] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU6]


def test_activations_of_results_used_elsewhere_are_not_fused():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.relu = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()

        def forward(self, maps):
            sums = self.convolution(maps)
            return self.relu(sums) + sums

    trunk = nn.Sequential(Twice()).eval()
    pixels = torch.randn(1, 3, 8, 8)
    with torch.inference_mode():
        got = fuse_trunk(trunk, CPU, torch.float32)(pixels)
        torch.testing.assert_close(got, trunk(pixels), atol=1e-5, rtol=1e-4)
