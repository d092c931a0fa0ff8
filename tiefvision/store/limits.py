"""How large an artifact may become."""

from tiefvision.errors import BadUsage

GIBIBYTE = 1 << 30

MAX_GIB = 64.0
"""Default size limit of an artifact. The file is sparse: only what is written takes
space on the disk."""

MOST_GIB = 1 << 16
"""Largest size limit: half of the address space of a process on x86-64."""


def require_size_limit(max_gib: float) -> None:
    """Raises BadUsage unless a size limit is above 0 and at most ``MOST_GIB``."""
    if not 0 < max_gib <= MOST_GIB:  # also refuses nan
        raise BadUsage(
            f"A size limit of {max_gib:g} GiB is out of range.",
            f"Use --max-gib with a number from 0.001 to {MOST_GIB}.",
        )
