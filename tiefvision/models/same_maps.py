"""Whether the maps of a workspace are of the kind that models make and compare."""

from typing import TYPE_CHECKING

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.identity import EncoderIdentity, same_encoder
from tiefvision.errors import StaleArtifact
from tiefvision.models.bundle import Bundle
from tiefvision.models.protocol import Models
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.job import require_same_encoder

if TYPE_CHECKING:
    import torch


def require_same_maps(
    crops: Artifact, models: Models, device: "torch.device", names: str, fix: str
) -> None:
    """Refuse rankers over maps of another encoder, or on another grid of cells.

    Models that were exported from these very crops fit them: their encoder is the same
    but for the rounding to half precision.

    Args:
        crops: Of a workspace.
        models: What encodes the other crops, or what is to compare these.
        device: Where networks run.
        names: Of the rankers, for the message.
        fix: What to do instead, for the message.

    Raises:
        StaleArtifact: The maps are not of one kind.
    """
    if isinstance(models, Bundle) and models.trained_on(crops.header.digest):
        return
    found = EncoderIdentity(**require_same_encoder(crops))
    theirs = models.encoder(device).identity
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
    """On a side of a map."""
    return grid or architecture_named(encoder.name).window
