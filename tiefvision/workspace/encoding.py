"""Building the encoder that a stage's settings name; its weights in an artifact."""

from typing import Annotated, Any

from numpy.typing import NDArray

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import DenseEncoder, make_encoder, restore_encoder
from tiefvision.encoders.encoder_file import GARMENT
from tiefvision.encoders.weights import load_readouts, source_file
from tiefvision.engines.formats import AUTO, check_precision
from tiefvision.engines.protocol import Engine
from tiefvision.errors import StaleArtifact
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.workspace.artifacts import command_of
from tiefvision.workspace.job import Resources
from tiefvision.workspace.networks import read_weights, weight_tensors
from tiefvision.workspace.provenance import file_hash

EncoderName = Annotated[
    str, "architecture; tiefvision models lists them; or timm:NAME, open_clip:NAME"
]
WeightsSource = Annotated[
    str, "shipped, locator, imagenet, random, hub, or a safetensors file"
]
PrecisionName = Annotated[str, "auto, float32 or bfloat16"]

_KEY = "weights/encoder"
_GARMENT_KEY = "weights/garment"


def weights_sources(encoder: str, weights: str) -> dict[str, str]:
    """Digests of the files outside the workspace from which an encoder is built.

    Args:
        encoder: name of the architecture, a key of ``ARCHITECTURES``.
        weights: source of the weights, as for ``load_weights``.

    Returns:
        SHA-256 of the weights file under "weights"; {} if the weights are no file.

    Raises:
        BadUsage: The architecture is unknown.
        BadWeights: The package ships no such weights.
    """
    path = source_file(architecture_named(encoder), weights)
    return {"weights": file_hash(path)} if path and path.is_file() else {}


def stage_encoder(
    encoder: str, weights: str, precision: str, resources: Resources
) -> DenseEncoder:
    """Build the encoder that a stage's settings name, on the engine of the stage.

    Args:
        encoder: name of the architecture, a key of ``ARCHITECTURES``.
        weights: source of the weights, as for ``load_weights``.
        precision: number format of the computation: auto, float32 or bfloat16.
        resources: engine of the encoder, and seed of random weights.

    Raises:
        BadUsage: The architecture or the precision is unknown.
        BadWeights: The weights cannot be loaded or have another architecture.
    """
    checked = check_precision(precision)
    seed, engine = resources.seed, resources.engine
    return make_encoder(encoder, weights, seed, engine, checked)


def keep_garment_cells(writer: ArtifactWriter, encoder: str, weights: str) -> None:
    """Write the read-out "garment" of an encoder beside its maps, if it has one.

    Args:
        writer: writer of the artifact.
        encoder: name of the architecture, a key of ``ARCHITECTURES``.
        weights: source of the weights, as for ``load_weights``.

    Raises:
        BadWeights: The file of the weights cannot be read.
    """
    readouts = load_readouts(architecture_named(encoder), weights)
    if GARMENT in readouts:
        writer.write(weight_tensors(readouts[GARMENT].arrays(), _GARMENT_KEY))


def read_garment_cells(artifact: Artifact) -> dict[str, NDArray[Any]]:
    """The read-out "garment" as ``keep_garment_cells`` wrote it; {} for none."""
    return read_weights(artifact, _GARMENT_KEY)


def keep_encoder(writer: ArtifactWriter, encoder: DenseEncoder) -> None:
    """Write the weights of an encoder into the artifact of its feature maps."""
    writer.write(tensors=weight_tensors(encoder.weights, _KEY))


def read_encoder(artifact: Artifact, engine: Engine | None = None) -> DenseEncoder:
    """Restore the encoder that made the feature maps of an artifact.

    Args:
        artifact: artifact with the encoder's weights, as ``keep_encoder`` wrote them.
        engine: engine of the encoder; None chooses the one for here.

    Raises:
        StaleArtifact: An earlier release wrote the artifact, without these weights.
    """
    header = artifact.header
    if header.encoder is None or not artifact.has(_KEY):
        raise StaleArtifact(
            f"{artifact.path.name} does not hold the encoder of its maps.",
            f"Run: {command_of(artifact.path)}",
        )
    state = read_weights(artifact, _KEY)
    precision = check_precision(header.config.get("precision", AUTO))
    return restore_encoder(header.encoder, state, engine, precision)
