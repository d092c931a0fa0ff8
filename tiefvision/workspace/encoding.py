"""An encoder as a stage's settings name it, and as an artifact keeps it."""

from typing import Annotated

import torch

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import DenseEncoder, make_encoder, restore_encoder
from tiefvision.encoders.precision import AUTO, check_precision
from tiefvision.encoders.weights import source_file
from tiefvision.errors import StaleArtifact
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.workspace.artifacts import command_of
from tiefvision.workspace.job import Resources
from tiefvision.workspace.provenance import file_hash

EncoderName = Annotated[str, "alexnet, squeezenet1_1 or mobilenet_v2"]
WeightsSource = Annotated[
    str, "shipped, locator, imagenet, random, or a safetensors file"
]
PrecisionName = Annotated[str, "auto, float32 or bfloat16"]

DEFAULT_ENCODER = "alexnet"
"""The one whose weights ship with the package."""

_KEY = "weights/encoder"


def weights_sources(encoder: str, weights: str) -> dict[str, str]:
    """What a stage that makes an encoder reads outside the workspace.

    Args:
        encoder: A key of ``ARCHITECTURES``.
        weights: Their source, as for ``load_weights``.

    Returns:
        The hash of the file of weights; nothing where there is none.

    Raises:
        BadUsage: No such encoder.
        BadWeights: They should ship with the package, and do not.
    """
    path = source_file(architecture_named(encoder), weights)
    return {"weights": file_hash(path)} if path and path.is_file() else {}


def stage_encoder(
    encoder: str, weights: str, precision: str, resources: Resources
) -> DenseEncoder:
    """The encoder that a stage's settings name, where its networks run.

    Args:
        encoder: A key of ``ARCHITECTURES``.
        weights: Their source, as for ``load_weights``.
        precision: What it computes in.
        resources: Of the stage.

    Raises:
        BadUsage: No such encoder, or precision.
        BadWeights: The weights cannot be had or do not fit.
    """
    checked = check_precision(precision)
    made = make_encoder(encoder, weights, resources.seed, checked)
    return made.to(resources.device)


def keep_encoder(writer: ArtifactWriter, encoder: DenseEncoder) -> None:
    """Write the weights of an encoder beside the maps that it made."""
    state = encoder.trunk.state_dict().items()
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in state}
    writer.write(tensors={_KEY: weights})


def read_encoder(artifact: Artifact, device: torch.device) -> DenseEncoder:
    """The encoder that made the maps of an artifact, from the weights beside them.

    Raises:
        StaleArtifact: They are not beside them: an earlier release wrote it.
    """
    header = artifact.header
    if header.encoder is None or not artifact.has(_KEY):
        raise StaleArtifact(
            f"{artifact.path.name} does not hold the encoder of its maps.",
            f"Run: {command_of(artifact.path)}",
        )
    arrays = artifact.tensors(_KEY)
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    precision = check_precision(header.config.get("precision", AUTO))
    return restore_encoder(header.encoder, state, precision).to(device)
