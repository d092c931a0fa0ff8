"""In which number format a trunk computes: what the processor multiplies fastest.

bfloat16 keeps 8 significant bits, and doubles the rate of every processor that has
instructions for it; one without them would only emulate it. Plain convolutions bear
it well: the direction of a cell, which is all that is compared, hardly moves. In
bottlenecks and depthwise layers, where few numbers carry much, the roundings add up.
"""

from typing import Literal, get_args

import torch

from tiefvision.errors import BadUsage

Precision = Literal["auto", "float32", "bfloat16"]
AUTO: Precision = "auto"
BEAR_BFLOAT16 = ("alexnet",)
"""Architectures whose cells keep a cosine of 0.999 to float32. With torchvision's
weights on photographs of people, the worst cell of SqueezeNet 1.1 falls to 0.993, and
of MobileNetV2 to 0.80."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def check_precision(name: str) -> Precision:
    """The setting of this name.

    Raises:
        BadUsage: There is none.
    """
    for precision in PRECISIONS:
        if name == precision:
            return precision
    known = ", ".join(PRECISIONS)
    raise BadUsage(f"There is no precision called {name!r}.", f"Use {known}.")


def dtype_for(
    architecture: str, device: torch.device, precision: Precision
) -> torch.dtype:
    """The format that a setting means for an architecture on a device.

    "auto" is the fastest that keeps every cell; the others are what they say.
    """
    if precision == AUTO:
        fast = architecture in BEAR_BFLOAT16 and multiplies_bfloat16(device)
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for it, rather than emulating it."""
    if device.type == "cuda":
        # Since Ampere (compute capability 8); older ones emulate it.
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type != "cpu":
        return False
    # PyTorch has no documented question for this; a release that renames these says
    # no, and float32 is right everywhere.
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    answers = (getattr(torch.cpu, question, bool)() for question in questions)
    return bool(torch.backends.mkldnn.enabled) and any(answers)
