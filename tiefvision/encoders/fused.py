"""A trunk made ready to run: the same function, with fewer and faster steps.

Three things are done to it, once. Batch normalisation, an affine map when it is not
trained, is folded into the convolution before it. A ReLU is computed where the
convolution writes its sums. And the weights are laid out as oneDNN reads them: PyTorch
does that anew in every call, which takes as long as a sixth of AlexNet on a 224 px
crop. The first two are exact but for the last digits; the third changes nothing.
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
"""(B, 3, H, W) normalised pixels to (B, C, h, w), both in the format of the trunk."""

Activation = nn.ReLU | nn.ReLU6

PACKED_SIZES = 8
"""Sizes of input whose packed weights a convolution keeps: the crops and the levels of
the photographs of a common shape, for at most 40 MB in bfloat16 (AlexNet)."""


@torch.no_grad()
def fuse_trunk(trunk: nn.Sequential, device: torch.device, dtype: torch.dtype) -> Run:
    """A copy of a trunk, to be called in inference mode alone.

    Args:
        trunk: In evaluation mode; left as it is.
        device: Where the copy runs.
        dtype: What it computes in.
    """
    if device.type != "cpu":
        return _fuse(trunk, device, dtype)
    first, others = split_trunk(trunk)
    fused = (_fuse(part, device, dtype) for part in (first, others))
    return InBands(next(fused), rows_of(first), next(fused))


def _fuse(
    trunk: nn.Sequential, device: torch.device, dtype: torch.dtype
) -> fx.GraphModule:
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
    """A convolution and the ReLU behind it, in channels-last layout."""

    def __init__(self, convolution: nn.Conv2d, activation: nn.Module | None) -> None:
        super().__init__()
        # What is added at the edge: all trunks use numbers here, not "same".
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
        """(B, C, H, W) to (B, C', h, w)."""
        if not self.packs:
            sums: Tensor = self.convolution(maps)
            return sums if self.activation is None else self.activation(sums)
        # The operation behind torch.compile on CPUs, which would need a C++ compiler.
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            maps,
            self.packed(tuple(maps.shape)),
            self.convolution.bias,
            *self.geometry,
            *_onednn_activation(self.activation),
        )
        return result

    def _pack(self, shape: tuple[int, ...]) -> Tensor:
        """The weights in the layout for an input of exactly this shape.

        The layout for another is accepted, and can run at a tenth of the rate.
        """
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            self.convolution.weight, *self.geometry, list(shape)
        )
        return packed


def _has_onednn(dtype: torch.dtype) -> bool:
    """Whether this PyTorch has the operations; some builds, as for Macs, have not."""
    names = ("_convolution_pointwise", "_reorder_convolution_weight")
    here = all(hasattr(torch.ops.mkldnn, name) for name in names)
    if not (here and torch.backends.mkldnn.enabled):
        return False
    # It refuses bfloat16 on processors that cannot even emulate it.
    return dtype == torch.float32 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _onednn_activation(activation: nn.Module | None) -> tuple[str, list[Any], str]:
    if activation is None:
        return "none", [], ""
    if isinstance(activation, nn.ReLU6):
        return "hardtanh", [0.0, 6.0], ""
    return "relu", [], ""


def _module(graph: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    if node.op != "call_module":
        return None
    return graph.get_submodule(str(node.target))


def _take_next(graph: fx.GraphModule, node: fx.Node, kind: Any) -> nn.Module | None:
    """Take the module behind a node out, if it is of a kind and nobody else listens."""
    if len(node.users) != 1:
        return None
    following = next(iter(node.users))
    module = _module(graph, following)
    if module is None or not isinstance(module, kind):
        return None
    following.replace_all_uses_with(node)
    graph.graph.erase_node(following)
    return module
