"""Which rankers a workspace keeps whose weights came from elsewhere."""

from tiefvision.ranking.registry import CLIP
from tiefvision.workspace.artifacts import Workspace


def added_rankers(workspace: Workspace) -> tuple[str, ...]:
    """Names of the rankers that ``models --add`` kept: "clip", and with suffixes."""
    names = workspace.names()
    return tuple(name for name in names if name.split("-", 1)[0] == CLIP)
