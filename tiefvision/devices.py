"""Where networks run, and with how many threads; torch is imported when it is asked."""

import os
import sys
from typing import TYPE_CHECKING

from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str) -> "torch.device":
    """The device of a name; "auto" takes the fastest that is there.

    Args:
        name: One of ``DEVICES``.

    Raises:
        BadUsage: There is no such device here.
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
    """Raises BadUsage for what is no device anywhere; imports no torch."""
    if name not in DEVICES:
        raise BadUsage(f"There is no device {name!r}.", f"Use {', '.join(DEVICES)}.")


def limit_threads(threads: int) -> None:
    """Let networks use at most so many threads of this process; 0 sets no limit.

    Called before torch is imported it also keeps torch from starting more.
    """
    if not threads:
        return
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
