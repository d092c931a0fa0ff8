"""Exporting the models of a workspace as a bundle."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from tiefvision import weights as package_weights
from tiefvision.encoders.dense import DenseEncoder, make_encoder
from tiefvision.encoders.identity import EncoderIdentity
from tiefvision.encoders.weights import write_encoder
from tiefvision.encoders.weights_files import write_weights_file
from tiefvision.files import copy_file
from tiefvision.locating.heads_file import (
    CLASSIFIER,
    HEADS_FILE,
    HEADS_FORMAT,
    HEADS_VERSION,
    REGRESSORS,
)
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.registry import BASELINE, ranker_kind
from tiefvision.weights import LOCATOR, ROLES, SHIPPED, encoder_file
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.job import input_digests, require_same_encoder
from tiefvision.workspace.levels import read_pyramid
from tiefvision.workspace.networks import LABELS, read_weights


def left_out(workspace: Workspace) -> tuple[str, ...]:
    """Names of the trained networks of the literature, which a bundle does not hold."""
    trained = TrainedModels(workspace).trained
    return tuple(name for name in trained if ranker_kind(name).system)


def write_bundle(workspace: Workspace, folder: Path, name: str) -> tuple[Path, ...]:
    """Write a bundle of the models that a workspace trained.

    The weights of the encoders are rounded to half precision. Encoders that came from a
    bundle were rounded before the heads were trained, so that nothing changes for them.

    Args:
        workspace: workspace in which stages 1 to 6 have run; its DeepRanks are exported
            as well. Networks of the literature are not: whoever locates reads all of
            the file, and they have up to 187 million parameters.
        folder: folder of the bundle.
        name: name of the heads, such as "heads-1".

    Returns:
        Paths of the encoder, of the locator's encoder, and of the heads.

    Raises:
        MissingArtifact: A stage has not run.
        StaleArtifact: Artifacts that need one encoder were made with different ones.
    """
    models = TrainedModels(workspace)
    left = left_out(workspace)
    rankers = tuple(name for name in models.trained if name not in left)
    matching = {name: models.matching(name) for name in (BASELINE, *rankers)}
    trained = (CLASSIFIER, REGRESSORS, *rankers)
    located_with = ("features", CLASSIFIER, REGRESSORS, "locations")
    compared_with = ("crops", *rankers)
    with ExitStack() as stack:
        opened = {
            key: stack.enter_context(workspace.open(key))
            for key in (*located_with, *compared_with)
        }
        for names in (located_with, compared_with):
            require_same_encoder(*(opened[key] for key in names))
        placed = {
            source: _place_encoder(read_encoder(opened[key]), folder, source)
            for source, key in ((SHIPPED, "crops"), (LOCATOR, "features"))
        }
        pyramid = read_pyramid(opened["features"])
        facts = {
            "format": HEADS_FORMAT,
            "version": HEADS_VERSION,
            "name": name,
            "pyramid": asdict(pyramid),
            "voting": opened["locations"].header.details["voting"],
            "telling": opened["locations"].header.details["telling"],
            "match": {name: asdict(one) for name, one in matching.items() if one},
            "labels": opened["locations"].header.details.get("labels"),
            "crops": asdict(CropRules.from_details(opened["crops"].header.details)),
            "artifacts": input_digests(workspace, list(opened)),
            **{
                ROLES[source]: identity.to_dict()
                for source, (_, identity) in placed.items()
            },
            **{key: opened[key].header.details for key in trained},
        }
        tensors = {
            f"{key}.{part}": tensor
            for key in trained
            for part, tensor in read_weights(opened[key]).items()
        } | {
            f"labels.{part}": tensor
            for part, tensor in read_weights(opened["locations"], LABELS).items()
        }
    write_weights_file(folder / HEADS_FILE, tensors, facts)
    return *(path for path, _ in placed.values()), folder / HEADS_FILE


def _place_encoder(
    encoder: DenseEncoder, folder: Path, source: str
) -> tuple[Path, EncoderIdentity]:
    """Write an encoder into a folder; one with a shipped file is copied from there.

    Args:
        encoder: encoder to write.
        folder: folder of the bundle.
        source: role of the encoder, a key of ``ROLES``.

    Returns:
        Path of the file, and identity of the encoder in it.
    """
    architecture = encoder.architecture
    path = encoder_file(folder, architecture.name, source)
    shipped = [
        encoder_file(package_weights.FOLDER, architecture.name, role) for role in ROLES
    ]
    for known in (path, *shipped):
        if not known.is_file():
            continue
        found = make_encoder(architecture.name, str(known)).identity
        if found.weights_hash == encoder.identity.weights_hash:
            if known != path:
                copy_file(known, path)
            return path, found
    facts = {"name": encoder.identity.weights}
    write_encoder(path, architecture, encoder.weights, facts)
    return path, make_encoder(architecture.name, str(path)).identity
