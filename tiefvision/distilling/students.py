"""Reparameterised trunks: convolutions with normalised branches, folded after training.

Batch normalisation (Ioffe & Szegedy, arXiv:1502.03167) and parallel branches (Ding et
al., RepVGG, arXiv:2101.03697, section 3) make it possible to train a plain stack of
convolutions from random weights. After training both are linear and are folded into the
trunk's own convolutions, so that the encoder file has the published layers, at the
published cost.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.engines.layers import Activation, Convolution, Layer, MaxPool
from tiefvision.engines.modules import arrays_of, build_modules

BRANCHED_KERNEL = 3
"""Side of the kernels that get a 1x1 branch and, where input and output have the same
shape, an identity branch."""

COLOURS = 3
"""Channels of a photograph. The first convolution gets no 1x1 branch: a 1x1 kernel over
RGB extracts next to nothing, and oneDNN's bfloat16 gradient of one at stride 2 crashes
(torch 2.15)."""


class _Branch(nn.Module):
    """A convolution without bias (or the identity) followed by batch normalisation."""

    def __init__(self, convolution: nn.Conv2d | None, channels: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, maps: Tensor) -> Tensor:
        convolved = maps if self.convolution is None else self.convolution(maps)
        normalised: Tensor = self.norm(convolved)
        return normalised


class NormalisedConvolution(nn.Module):
    """The trainable form of a convolution: a sum of normalised branches.

    Args:
        convolution: convolution whose shape is taken; its weights are not used.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.side = convolution.kernel_size[0]
        inputs, outputs = convolution.in_channels, convolution.out_channels
        stride, padding = convolution.stride[0], int(convolution.padding[0])
        branches = [
            _Branch(_unbiased(inputs, outputs, self.side, stride, padding), outputs)
        ]
        if self.side == BRANCHED_KERNEL and inputs > COLOURS:
            branches.append(_Branch(_unbiased(inputs, outputs, 1, stride, 0), outputs))
            if inputs == outputs and stride == 1:
                branches.append(_Branch(None, outputs))
        self.branches = nn.ModuleList(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, inputs, h, w) to (B, outputs, h', w'), as the convolution does."""
        total: Tensor = self.branches[0](maps)
        for branch in self.branches[1:]:
            total = total + branch(maps)
        return total

    @torch.no_grad()
    def fold(self) -> tuple[Tensor, Tensor]:
        """Fold the branches to one convolution that is equal in evaluation mode.

        Returns:
            Weight, (outputs, inputs, side, side), and bias, (outputs,).
        """
        folded = [_fold(branch, self.side) for branch in self.branches]
        weight = torch.stack([weight for weight, _ in folded]).sum(dim=0)
        return weight, torch.stack([bias for _, bias in folded]).sum(dim=0)


def is_plain(layers: Sequence[Layer]) -> bool:
    """Whether a network is a plain stack of layers, as ``trainable_form`` needs it."""
    return all(
        isinstance(layer, Convolution | Activation | MaxPool) for layer in layers
    )


def trainable_form(layers: Sequence[Layer]) -> nn.Sequential:
    """Build the trainable form of a trunk, with new random weights.

    Args:
        layers: plain stack of convolutions, ReLU and max pooling, such as AlexNet's.

    Returns:
        The same layers, with each convolution replaced by ``NormalisedConvolution``.

    Raises:
        ValueError: The trunk has layers of another kind.
    """
    plain = build_modules(layers)
    modules: list[nn.Module] = []
    for layer in plain:
        if isinstance(layer, nn.Conv2d):
            modules.append(NormalisedConvolution(layer))
        elif isinstance(layer, nn.ReLU | nn.MaxPool2d):
            modules.append(layer)
        else:
            raise ValueError(f"a {type(layer).__name__} cannot be trained this way")
    return nn.Sequential(*modules)


def fold_student(student: nn.Sequential) -> dict[str, NDArray[np.float32]]:
    """Fold a trained student to weights of the plain trunk.

    Args:
        student: trunk in the form of ``trainable_form`` or with trained weights.

    Returns:
        Weights and biases of the plain trunk that is equal in evaluation mode, by name.
    """
    if not any(isinstance(layer, NormalisedConvolution) for layer in student):
        return arrays_of(student)
    state = {}
    for number, layer in enumerate(student):
        if isinstance(layer, NormalisedConvolution):
            for part, folded in zip(("weight", "bias"), layer.fold(), strict=True):
                state[f"{number}.{part}"] = folded.cpu().numpy()
    return state


def _unbiased(
    inputs: int, outputs: int, side: int, stride: int, padding: int
) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, stride, padding, bias=False)


def _fold(branch: nn.Module, side: int) -> tuple[Tensor, Tensor]:
    """Weight W g / s and bias b - m g / s of a branch, its kernel padded to ``side``.

    g and b are the scale and shift of the normalisation, m and s its running mean and
    standard deviation.
    """
    assert isinstance(branch, _Branch)
    norm = branch.norm
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    if branch.convolution is None:
        kernel = torch.eye(len(scale), device=scale.device)[:, :, None, None]
    else:
        kernel = branch.convolution.weight
    around = (side - kernel.shape[-1]) // 2
    kernel = functional.pad(kernel, (around,) * 4)
    return kernel * scale[:, None, None, None], norm.bias - norm.running_mean * scale
