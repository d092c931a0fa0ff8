"""Choice between the models of a workspace and those of a bundle."""

from pathlib import Path

from tiefvision.errors import BadUsage, MissingArtifact
from tiefvision.models.bundle import Bundle, read_bundle, shipped_bundle
from tiefvision.models.protocol import AUTO
from tiefvision.models.trained import LOCATOR, TrainedModels
from tiefvision.weights import SHIPPED
from tiefvision.workspace.artifacts import Workspace, command_for

WORKSPACE = "workspace"


def choose_models(workspace: Workspace, choice: str = AUTO) -> TrainedModels | Bundle:
    """Choose the models that a command uses.

    Args:
        workspace: workspace of the command.
        choice: "workspace", "shipped", the folder of a bundle, or "auto": the models of
            the workspace, or the shipped ones if it has no locator.

    Raises:
        BadUsage: The choice is none of these.
        BadWeights: The bundle is damaged, or this release cannot read it.
        MissingArtifact: The choice is "auto", and the workspace holds only some
            artifacts of the locator.
    """
    if choice == WORKSPACE:
        return TrainedModels(workspace)
    if choice == SHIPPED:
        return shipped_bundle()
    if choice != AUTO:
        if not Path(choice).is_dir():
            raise BadUsage(
                f"There are no models {choice!r}.",
                "Use auto, shipped, workspace, or a folder that "
                "tiefvision models --export wrote.",
            )
        return read_bundle(Path(choice))
    missing = [name for name in LOCATOR if not workspace.holds(name)]
    if not missing:
        return TrainedModels(workspace)
    if len(missing) == len(LOCATOR):
        return shipped_bundle()
    raise MissingArtifact(
        f"There is no {missing[0]}.lmdb in {workspace.root}.",
        f"Run: {command_for(missing[0], workspace.root)}, or use --models shipped",
    )
