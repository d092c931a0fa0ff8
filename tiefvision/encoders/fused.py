"""Fusion of a trunk for inference: the same function, in fewer and faster operations.

Three changes are made once, when an encoder is built. Batch normalisation, which is
affine in evaluation mode, is folded into the convolution before it. A ReLU is applied
by the convolution as it writes its result. Weights are packed in oneDNN's memory
layout, which PyTorch otherwise does in every call, at a sixth of AlexNet's time on a
224 px crop. The first two change results by rounding only, the third not at all.
"""

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tiefvision.encoders.bands import InBands, rows_of, split_trunk

Run = Callable[[Tensor], Tensor]
"""Encodes standardised pixels, (B, 3, H, W), to feature maps, (B, C, h, w), both in the
dtype of the trunk."""

Activation = nn.ReLU | nn.ReLU6

PACKED_SIZES = 8
"""Number of input sizes for which a convolution caches its packed weights: enough for
crops and for all levels of photographs of one shape, at up to 40 MB in bfloat16
(AlexNet)."""


@torch.no_grad()
def fuse_trunk(trunk: nn.Sequential, device: torch.device, dtype: torch.dtype) -> Run:
    """Build a fused copy of a trunk, for calls in inference mode only.

    On a CPU the first layers of the copy also run in bands.

    Args:
        trunk: trunk in evaluation mode; it is not changed.
        device: device of the copy.
        dtype: dtype that the copy computes in, float32 or bfloat16.
    """
    if device.type != "cpu":
        return _fuse(trunk, device, dtype)
    first, others = split_trunk(trunk)
    fused = (_fuse(part, device, dtype) for part in (first, others))
    return InBands(next(fused), rows_of(first), next(fused))


def _fuse(
    trunk: nn.Sequential, device: torch.device, dtype: torch.dtype
) -> fx.GraphModule:
    """A copy of a trunk in which every convolution is a ``FusedConvolution``."""
    graph = fx.symbolic_trace(copy.deepcopy(trunk))
    for node in list(graph.graph.nodes):
        convolution = _module(graph, node)
        if not isinstance(convolution, nn.Conv2d):
            continue
        normalised = _take_next(graph, node, nn.BatchNorm2d)
        if isinstance(normalised, nn.BatchNorm2d):
            convolution = fuse_conv_bn_eval(convolution, normalised)
        activation = _take_next(graph, node, Activation)
        fused = FusedConvolution(convolution.to(device, dtype), activation)
        graph.set_submodule(str(node.target), fused)
    graph.recompile()
    return graph.to(device, dtype).eval()


class FusedConvolution(nn.Module):
    """A convolution fused with the ReLU after it, in channels-last memory format.

    Args:
        convolution: convolution with batch normalisation already folded in.
        activation: ReLU or ReLU6 to fuse, or None.
    """

    def __init__(self, convolution: nn.Conv2d, activation: nn.Module | None) -> None:
        super().__init__()
        # Padding may also be a word such as "same", which no trunk here uses.
        assert not isinstance(convolution.padding, str)
        self.convolution = convolution.to(memory_format=torch.channels_last)
        self.activation = activation
        self.geometry = (
            list(convolution.padding),
            list(convolution.stride),
            list(convolution.dilation),
            convolution.groups,
        )
        weight = self.convolution.weight
        self.packs = weight.device.type == "cpu" and _has_onednn(weight.dtype)
        self.packed = lru_cache(PACKED_SIZES)(self._pack)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve feature maps, (B, C, H, W), and apply the ReLU: (B, D, h, w)."""
        if not self.packs:
            sums: Tensor = self.convolution(maps)
            return sums if self.activation is None else self.activation(sums)
        # torch.compile uses this operation on CPUs, but would need a C++ compiler.
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            maps,
            self.packed(tuple(maps.shape)),
            self.convolution.bias,
            *self.geometry,
            *_onednn_activation(self.activation),
        )
        return result

    def _pack(self, shape: tuple[int, ...]) -> Tensor:
        """Pack the weights for input of exactly this shape.

        Weights packed for another shape give the same result, but can run at a tenth of
        the speed.
        """
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            self.convolution.weight, *self.geometry, list(shape)
        )
        return packed


def _has_onednn(dtype: torch.dtype) -> bool:
    """Whether this build of PyTorch has oneDNN's operations; those for Macs do not."""
    names = ("_convolution_pointwise", "_reorder_convolution_weight")
    here = all(hasattr(torch.ops.mkldnn, name) for name in names)
    if not (here and torch.backends.mkldnn.enabled):
        return False
    # oneDNN refuses bfloat16 on processors that cannot even emulate it.
    return dtype == torch.float32 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _onednn_activation(activation: nn.Module | None) -> tuple[str, list[Any], str]:
    """Name, parameters and algorithm of an activation, in oneDNN's terms."""
    if activation is None:
        return "none", [], ""
    if isinstance(activation, nn.ReLU6):
        return "hardtanh", [0.0, 6.0], ""
    return "relu", [], ""


def _module(graph: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """The module that a node calls, if any."""
    if node.op != "call_module":
        return None
    return graph.get_submodule(str(node.target))


def _take_next(graph: fx.GraphModule, node: fx.Node, kind: Any) -> nn.Module | None:
    """Remove and return the module that follows a node in the graph.

    Nothing is removed, and None returned, if the module is not of this kind or if
    anything else uses the result of the node.
    """
    if len(node.users) != 1:
        return None
    following = next(iter(node.users))
    module = _module(graph, following)
    if module is None or not isinstance(module, kind):
        return None
    following.replace_all_uses_with(node)
    graph.graph.erase_node(following)
    return module
