"""Check that the feature maps of a workspace and of models can be compared."""

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.identity import EncoderIdentity, same_encoder
from tiefvision.engines.protocol import Engine
from tiefvision.errors import StaleArtifact
from tiefvision.models.bundle import Bundle
from tiefvision.models.protocol import Models
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.job import require_same_encoder


def require_same_maps(
    crops: Artifact, models: Models, engine: Engine, names: str, fix: str
) -> None:
    """Refuse models whose maps have another encoder or grid than those of a workspace.

    A bundle that was exported from these crops is accepted: its encoder differs only by
    rounding to half precision.

    Args:
        crops: artifact of a workspace with feature maps.
        models: models whose encoder made the maps to compare with, or whose rankers
            compare the maps of ``crops``.
        engine: engine that would compute the maps.
        names: names of the rankers, for the message.
        fix: command that avoids the problem, for the message.

    Raises:
        StaleArtifact: Encoder or grid differ.
    """
    if isinstance(models, Bundle) and models.trained_on(crops.header.digest):
        return
    found = EncoderIdentity(**require_same_encoder(crops))
    theirs = models.encoder(engine).identity
    cells = _cells(crops.header.details["grid"], found)
    their_cells = _cells(models.crop_rules().grid, theirs)
    same = same_encoder(found.to_dict(), theirs.to_dict())
    if not same or cells != their_cells:
        raise StaleArtifact(
            f"{crops.path} holds maps of {found}, {cells} x {cells} cells, but "
            f"{models.label} make those of {theirs}, {their_cells} x {their_cells} "
            f"cells: {names} cannot compare both.",
            fix,
        )


def _cells(grid: int, encoder: EncoderIdentity) -> int:
    """Number of cells along a side of a map; a grid of 0 is the encoder's own."""
    return grid or architecture_named(encoder.name).window
