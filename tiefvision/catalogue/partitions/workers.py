"""Who describes photographs: this process, several, or a cluster."""

from dataclasses import dataclass
from importlib.util import find_spec

from tiefvision.devices import MOST_THREADS
from tiefvision.errors import BadUsage

MOST_WORKERS = MOST_THREADS
"""Processes at most."""


@dataclass(frozen=True)
class Workers:
    """Who describes photographs.

    Attributes:
        count: number of processes. 0 is this process alone, or with Ray as many as the
            cluster has room for.
        ray: whether the processes run in a Ray cluster.
        address: address of the cluster; "" for the one that ``RAY_ADDRESS`` names, or
            else a new one on this machine.
    """

    count: int = 0
    ray: bool = False
    address: str = ""

    @property
    def alone(self) -> bool:
        """Whether this process does it."""
        return not self.ray and self.count <= 1

    def require_valid(self) -> None:
        """Raises BadUsage for what cannot be; imports no Ray."""
        if not 0 <= self.count <= MOST_WORKERS:
            raise BadUsage(
                f"There cannot be {self.count} workers.", f"Use 0 to {MOST_WORKERS}."
            )
        if self.address and not self.ray:
            raise BadUsage(
                f"The address {self.address} is that of a Ray cluster.", "Add --ray."
            )
        if self.ray and find_spec("ray") is None:
            raise BadUsage(
                "Ray is not installed.", "Run: pip install 'tiefvision[ray]'"
            )


ALONE = Workers()
"""This process."""
