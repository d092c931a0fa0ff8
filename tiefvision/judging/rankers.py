"""Checking and loading the rankers of a comparison."""

from collections.abc import Sequence

from tiefvision.models.protocol import Models
from tiefvision.models.rankers import load_ranker, require_ranker
from tiefvision.models.same_maps import require_same_maps
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.kinds import RankerKind
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources


def require_comparable(
    workspace: Workspace,
    models: Models,
    names: Sequence[str],
    resources: Resources,
    elsewhere: bool = False,
) -> None:
    """Refuse unknown rankers, and rankers for feature maps of another kind.

    ``load_compared`` checks the same; calling this first refuses them before minutes go
    into encoding.

    Args:
        workspace: workspace on whose training split rankers learn.
        models: models with the trained rankers.
        names: names of the rankers.
        resources: device of the networks.
        elsewhere: whether the rankers are compared on another dataset, encoded by the
            models, instead of the workspace's crops.

    Raises:
        BadUsage: A ranker is unknown.
        MissingArtifact: The workspace has no crops to compare on or to learn from.
        StaleArtifact: The maps of the workspace have another encoder or grid than those
            of the models.
    """
    kinds = {name: require_ranker(workspace, models, name) for name in names}
    # On another dataset, rankers that learnt on the workspace's maps compare maps of
    # the models' encoder. In the workspace, the models' rankers compare its own maps.
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
        require_same_maps(crops, models, resources.engine, concerned, fix)


def load_compared(
    workspace: Workspace,
    models: Models,
    names: Sequence[str],
    resources: Resources,
    elsewhere: bool = False,
) -> dict[str, Embed]:
    """Load rankers to compare, by name, in the order of ``names``.

    Args:
        workspace: workspace on whose training split rankers learn.
        models: models with the trained rankers.
        names: names of the rankers.
        resources: device, seed and progress.
        elsewhere: whether the rankers are compared on another dataset, as for
            ``require_comparable``.

    Raises:
        BadUsage: A ranker is unknown.
        MissingArtifact: The workspace has no crops to compare on or to learn from.
        BadDataset: The workspace has too few photographs for training.
        StaleArtifact: A ranker learnt on maps of another encoder or grid than those
            that are compared.
    """
    require_comparable(workspace, models, names, resources, elsewhere)
    return {name: load_ranker(workspace, models, name, resources) for name in names}


def _learnt_on_maps(kind: RankerKind) -> bool:
    """Whether a kind learns on feature maps, without triplets."""
    return kind.learn is not None and "maps" in kind.needs


def _trained(kind: RankerKind) -> bool:
    """Whether a kind is trained on feature maps; networks of the literature are not."""
    return kind.learns == "triplets" and "maps" in kind.needs
