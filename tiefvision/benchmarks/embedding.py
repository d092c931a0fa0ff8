"""Benchmark of embedding the crop of a garment, from an opened photograph."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from tiefvision.benchmarks.measured import Measured, time_goal
from tiefvision.benchmarks.timing import Repetition, Work, time_in_turns
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.models.protocol import Models, preferred_ranker
from tiefvision.models.rankers import load_ranker
from tiefvision.photos.reading import Photograph
from tiefvision.photos.working import open_photo
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.ranking.garments import Embed, GarmentBatch
from tiefvision.ranking.needs import Need
from tiefvision.ranking.registry import ranker_kind
from tiefvision.records import Box
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

CROP, DESCRIBE, EMBED, ALL = "crop", "describe", "embed", "all of it"

MOST_SECONDS = 0.015
"""Goal of all steps together."""

MARGINS = (0.25, 0.1)
"""Share of width and height beside, and above and below, the box that is cut out: it is
about as large as an outfit in a street photograph."""


@dataclass(frozen=True)
class CropEmbedder:
    """All that turns a crop into an embedding.

    Attributes:
        ranker: name of the ranker.
        needs: parts of a crop that the ranker reads.
        encoder: encoder of garments.
        rules: rules by which a crop becomes a feature map.
        embed: the ranker, a function from B garments to their embeddings (B, D).
    """

    ranker: str
    needs: tuple[Need, ...]
    encoder: DenseEncoder
    rules: CropRules
    embed: Embed


def crop_embedder(
    models: Models, workspace: Workspace, resources: Resources
) -> CropEmbedder:
    """The embedder of the default ranker of a search.

    Args:
        models: models with the encoder and the trained rankers.
        workspace: workspace of the models.
        resources: what the networks run on.

    Raises:
        BadWeights: A file of the models is damaged.
        MissingArtifact: An artifact of the workspace is missing.
    """
    name = preferred_ranker(models)
    embed = load_ranker(workspace, models, name, resources)
    encoder, rules = models.encoder(resources.engine), models.crop_rules()
    return CropEmbedder(name, ranker_kind(name).needs, encoder, rules, embed)


def embedding(
    embedder: CropEmbedder,
    file: Path,
    device: torch.device,
    repetition: Repetition | None = None,
) -> Iterator[Measured]:
    """Measure the embedding of a crop.

    Args:
        embedder: encoder and ranker.
        file: photograph.
        device: torch device whose queue is awaited.
        repetition: number of rounds; the defaults if None.

    Yields:
        A row for each step, and for all steps together.
    """
    photo = open_photo(file).pixels
    box = box_within(photo.shape[1], photo.shape[0])
    crop = crop_garment(photo, box)
    garment = _describe(embedder, crop)
    works: dict[str, Work] = {
        CROP: lambda: crop_garment(photo, box),
        DESCRIBE: lambda: _describe(embedder, crop),
        EMBED: lambda: embedder.embed(garment),
        ALL: lambda: embedder.embed(_describe(embedder, crop_garment(photo, box))),
    }
    timings = time_in_turns(works, device, repetition)
    for name in works:
        seconds = timings[name].seconds
        yield Measured(
            f"embedding a crop, {embedder.ranker}: {name}",
            embedder.encoder.number_format if name == DESCRIBE else "",
            seconds,
            goal=time_goal(seconds, MOST_SECONDS) if name == ALL else None,
        )


def box_within(width: int, height: int) -> Box:
    """A box in the middle of a photograph, in pixels."""
    beside, above = MARGINS
    return (
        beside * width,
        above * height,
        (1 - beside) * width,
        (1 - above) * height,
    )


def _describe(embedder: CropEmbedder, crop: Photograph) -> GarmentBatch:
    return describe_crop(embedder.encoder, crop, embedder.rules, embedder.needs)
