"""The device and the number of threads of networks; torch is imported on demand."""

import os
import sys
from typing import TYPE_CHECKING

from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")

MOST_THREADS = 1024
"""Threads of networks at most: above all processors in use, and far below what engines
refuse, some of them without a reason."""


def choose_device(name: str) -> "torch.device":
    """The device of a name; "auto" chooses the fastest available one.

    Args:
        name: name of the device, one of ``DEVICES``.

    Raises:
        BadUsage: The name is unknown, or the machine has no such device.
    """
    require_device(name)
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available[name]:
        here = ", ".join(device for device, there in available.items() if there)
        raise BadUsage(f"There is no device {name!r} here.", f"Use auto, {here}.")
    return torch.device(name)


def require_device(name: str) -> None:
    """Raises BadUsage for a name that is not in ``DEVICES``; imports no torch."""
    if name not in DEVICES:
        raise BadUsage(f"There is no device {name!r}.", f"Use {', '.join(DEVICES)}.")


def require_threads(threads: int) -> None:
    """Raises BadUsage for a number below 0 or above ``MOST_THREADS``."""
    if not 0 <= threads <= MOST_THREADS:
        raise BadUsage(
            f"Networks cannot run on {threads} threads.",
            f"Use 1 to {MOST_THREADS}, or 0 for as many as cores.",
        )


def limit_threads(threads: int) -> None:
    """Limit the number of threads that networks use.

    Call it before torch is imported, so that torch does not start more threads.

    Args:
        threads: most threads; 0 sets no limit.
    """
    if not threads:
        return
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
