import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.encoders.architectures import TORCH_EPS as EPS
from tiefvision.engines.folding import fold_published, take_array, take_weights
from tiefvision.engines.layers import Activation, Convolution, Residual
from tiefvision.engines.modules import build_modules
from tiefvision.errors import BadWeights

LAYERS = (
    Convolution(3, 4, 3, published="stem.conv", norm="stem.norm"),
    Activation(),
    Residual((Convolution(4, 4, 3, 1, (1, 1), groups=4, published="deep", norm="n"),)),
    Convolution(4, 2, 1, published="last"),
)


class Published(nn.Module):
    """The same network with batch normalisation; the first convolution has a bias."""

    def __init__(self, eps):
        super().__init__()
        self.stem = nn.ModuleDict(
            {"conv": nn.Conv2d(3, 4, 3), "norm": nn.BatchNorm2d(4, eps=eps)}
        )
        self.deep = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
        self.n = nn.BatchNorm2d(4, eps=eps)
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, pixels):
        maps = self.stem["norm"](self.stem["conv"](pixels)).relu()
        return self.last(maps + self.n(self.deep(maps)))


def published(eps=EPS):
    """A network whose variances are near ``eps``, so that this constant counts."""
    torch.manual_seed(0)
    network = Published(eps).eval()
    with torch.no_grad():
        for norm in (network.stem["norm"], network.n):
            norm.weight.uniform_(0.5, 2.0)
            norm.bias.normal_()
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5 * eps, 2 * eps)
    return network


def arrays_of(network):
    return {name: value.numpy() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("eps", [EPS, 1e-3])
@torch.inference_mode()
def test_a_folded_network_computes_what_the_published_one_does(eps):
    network = published(eps)
    folded = build_modules(LAYERS).eval()
    weights = fold_published(LAYERS, arrays_of(network), "here", eps)
    folded.load_state_dict({key: torch.from_numpy(one) for key, one in weights.items()})
    pixels = torch.randn(1, 3, 9, 8)
    expected = network(pixels)
    scale = float(expected.std())
    torch.testing.assert_close(folded(pixels) / scale, expected / scale)


def test_half_precision_is_folded_in_single():
    arrays = arrays_of(published(1e-3))
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    singles = {name: array.astype(np.float32) for name, array in halves.items()}
    found, expected = (
        fold_published(LAYERS, one, "here", 1e-3) for one in (halves, singles)
    )
    for name, array in found.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, expected[name])


def test_folding_leaves_the_published_arrays_alone():
    arrays = arrays_of(published())
    kept = {name: array.copy() for name, array in arrays.items()}
    fold_published(LAYERS, arrays, "here", EPS)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, kept[name])


@pytest.mark.parametrize(
    "name",
    ["stem.conv.weight", "stem.norm.running_var", "n.bias", "last.bias", "deep.weight"],
)
def test_a_missing_published_array_is_named(name):
    arrays = arrays_of(published())
    del arrays[name]
    with pytest.raises(BadWeights, match=f"x.safetensors lacks {name}: it holds"):
        fold_published(LAYERS, arrays, "x.safetensors", EPS)


def test_a_statistic_of_another_width_is_named_with_both_shapes():
    arrays = arrays_of(published()) | {"n.running_mean": np.zeros(5, np.float32)}
    with pytest.raises(BadWeights, match=r"n\.running_mean is \(5,\), expected \(4,\)"):
        fold_published(LAYERS, arrays, "here", EPS)


def test_own_weights_are_taken_by_name_as_single_precision():
    weights = fold_published(LAYERS, arrays_of(published()), "here", EPS)
    halves = {name: array.astype(np.float16) for name, array in weights.items()}
    turned = np.ascontiguousarray(halves["0.weight"].T).T
    given = halves | {"0.weight": turned, "more": np.zeros(1)}
    taken = take_weights(LAYERS, given, "here")
    assert taken.keys() == weights.keys()
    for name, array in taken.items():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, halves[name])


def test_own_weights_that_do_not_fit_are_named():
    weights = fold_published(LAYERS, arrays_of(published()), "here", EPS)
    lacking = {name: one for name, one in weights.items() if name != "2.0.bias"}
    with pytest.raises(BadWeights, match=r"here lacks 2\.0\.bias: it holds another"):
        take_weights(LAYERS, lacking, "here")
    with pytest.raises(BadWeights, match=r"3\.bias is \(1,\), expected \(2,\)"):
        take_weights(LAYERS, weights | {"3.bias": np.zeros(1)}, "here")


def test_an_array_is_named_with_the_prefix_of_its_source():
    arrays = {"mean": np.ones(3, np.float16)}
    taken = take_array(arrays, "mean", (3,), "here", "head.")
    assert taken.dtype == np.float32
    with pytest.raises(
        BadWeights, match=r"here: head\.mean is \(3,\), expected \(4,\)"
    ):
        take_array(arrays, "mean", (4,), "here", "head.")
    with pytest.raises(BadWeights, match=r"here lacks head\.spread"):
        take_array(arrays, "spread", (3,), "here", "head.")
