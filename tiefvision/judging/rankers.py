"""The rankers of a comparison: checked before minutes go into it, then loaded."""

from collections.abc import Sequence

from tiefvision.models.protocol import Models
from tiefvision.models.rankers import load_ranker, require_ranker
from tiefvision.models.same_maps import require_same_maps
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.registry import RankerKind
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources


def require_comparable(
    workspace: Workspace,
    models: Models,
    names: Sequence[str],
    resources: Resources,
    elsewhere: bool = False,
) -> None:
    """Refuse rankers that there are not, and those made for maps of another kind.

    Takes no time beside ``load_compared``, which does it too.

    Args:
        workspace: Workspace on whose training split rankers learn.
        models: Models with the trained rankers.
        names: Names of the rankers.
        resources: What may be used.
        elsewhere: Whether they are compared on another dataset, encoded by the models,
            and not on the crops of the workspace.

    Raises:
        BadUsage: There is no such ranker.
        MissingArtifact: The workspace has no crops to compare on or to learn from.
        StaleArtifact: Its maps are not of the encoder or the grid of the models.
    """
    kinds = {name: require_ranker(workspace, models, name) for name in names}
    # Elsewhere, what learnt on the workspace's maps meets those that the models make.
    # At home a trained ranker meets the workspace's.
    mixed = _learnt_on_maps if elsewhere else _trained
    concerned = ", ".join(name for name, kind in kinds.items() if mixed(kind))
    if not concerned:
        return
    with workspace.open("crops") as crops, workspace.open("photos") as photos:
        root = photos.header.details["root"]
        fix = (
            f"Leave out {concerned}, or add --models workspace"
            if elsewhere
            else f"Add --data {root}, which they then encode, or --models workspace"
        )
        require_same_maps(crops, models, resources.device, concerned, fix)


def load_compared(
    workspace: Workspace,
    models: Models,
    names: Sequence[str],
    resources: Resources,
    elsewhere: bool = False,
) -> dict[str, Embed]:
    """Rankers to compare, by name, in this order.

    Args:
        workspace: Workspace on whose training split rankers learn.
        models: Models with the trained rankers.
        names: Names of the rankers.
        resources: What may be used.
        elsewhere: As for ``require_comparable``.

    Raises:
        BadUsage: There is no such ranker.
        MissingArtifact: A ranker has to learn, and the workspace has no crops.
        BadDataset: It has no photographs for training.
        StaleArtifact: A ranker is for maps of another encoder or grid than those that
            are compared.
    """
    require_comparable(workspace, models, names, resources, elsewhere)
    return {name: load_ranker(workspace, models, name, resources) for name in names}


def _learnt_on_maps(kind: RankerKind) -> bool:
    """Whether it learnt on feature maps, and not on pixels alone."""
    return kind.learn is not None and "maps" in kind.needs


def _trained(kind: RankerKind) -> bool:
    return kind.learns == "triplets"
