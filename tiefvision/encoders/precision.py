"""The precision of encoding: the dtype in which a trunk computes.

bfloat16 keeps 8 significant bits and doubles the speed of processors that have
instructions for it; others would only emulate it. Plain convolutions tolerate it: the
direction of a cell, which is all that is compared, hardly changes. In bottlenecks and
depthwise layers, where each result depends on few numbers, rounding errors accumulate.
"""

from typing import Literal, get_args

import torch

from tiefvision.errors import BadUsage

Precision = Literal["auto", "float32", "bfloat16"]
"""Settings of the precision; see ``dtype_for``."""

AUTO: Precision = "auto"
"""The default setting."""

BEAR_BFLOAT16 = ("alexnet",)
"""Architectures whose cells in bfloat16 have a cosine of at least 0.999 to those in
float32. With torchvision's weights on photographs of people, the lowest cosine is 0.993
for SqueezeNet 1.1 and 0.80 for MobileNetV2."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""All settings of the precision."""


def check_precision(name: str) -> Precision:
    """The setting of the precision with this name.

    Raises:
        BadUsage: There is no such setting.
    """
    for precision in PRECISIONS:
        if name == precision:
            return precision
    known = ", ".join(PRECISIONS)
    raise BadUsage(f"There is no precision called {name!r}.", f"Use {known}.")


def dtype_for(
    architecture: str, device: torch.device, precision: Precision
) -> torch.dtype:
    """The dtype that a setting selects for an architecture on a device.

    "float32" and "bfloat16" select themselves. "auto" selects bfloat16 if the device
    has instructions for it and the architecture is one of ``BEAR_BFLOAT16``, else
    float32.

    Args:
        architecture: name of the architecture.
        device: device that computes.
        precision: setting of the precision.
    """
    if precision == AUTO:
        fast = architecture in BEAR_BFLOAT16 and multiplies_bfloat16(device)
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16, instead of emulating it."""
    if device.type == "cuda":
        # GPUs since Ampere (compute capability 8) have them.
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type != "cpu":
        return False
    # PyTorch has no documented function for this. In a release that renames these the
    # answer is False, and float32 is correct everywhere.
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    answers = (getattr(torch.cpu, question, bool)() for question in questions)
    return bool(torch.backends.mkldnn.enabled) and any(answers)
