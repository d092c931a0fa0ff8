"""Optimisers as data: what a recipe names, and torch makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

MOMENTS: Mapping[str, int] = MappingProxyType(
    {"adamw": 2, "sgd": 1, "nesterov": 1, "rmsprop": 1}
)
"""Optimisers by name, with the numbers that each keeps beside every weight."""

DECAY, EPSILON = 0.9, 1e-7
"""Constants of RMSProp: the defaults of Keras. Torch's are 0.99 and 1e-8."""


@dataclass(frozen=True)
class Optimiser:
    """An optimiser and its momentum.

    Attributes:
        name: "adamw" (Loshchilov & Hutter, arXiv:1711.05101), "sgd" with momentum,
            "nesterov" (the momentum of Sutskever et al., ICML 2013) or "rmsprop"
            (Tieleman & Hinton, 2012) with the constants of Keras.
        momentum: momentum of "sgd" and "nesterov"; the others do not read it.
    """

    name: str = "adamw"
    momentum: float = 0.9

    def make(
        self, groups: Sequence[Mapping[str, Any]], weight_decay: float
    ) -> torch.optim.Optimizer:
        """The optimiser of groups of parameters, whose rates the loop sets.

        Args:
            groups: parameter groups of torch.
            weight_decay: decoupled decay of "adamw"; for the others the weight of an L2
                penalty, whose gradient is ``weight_decay`` times the weight.
        """
        parameters = [dict(group) for group in groups]
        if self.name == "adamw":
            return torch.optim.AdamW(parameters, weight_decay=weight_decay)
        if self.name == "rmsprop":
            return torch.optim.RMSprop(
                parameters, alpha=DECAY, eps=EPSILON, weight_decay=weight_decay
            )
        return torch.optim.SGD(
            parameters,
            lr=1.0,
            momentum=self.momentum,
            nesterov=self.name == "nesterov",
            weight_decay=weight_decay,
        )
