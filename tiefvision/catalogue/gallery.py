"""A gallery that is searched: its rows, and an NMSLIB index for every ranker."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tiefvision.errors import StaleArtifact
from tiefvision.index.hnsw import (
    HnswIndex,
    HnswSettings,
    build_index,
    index_from_bytes,
)
from tiefvision.index.neighbours import recall_of_neighbours, search_exactly
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import embed_views
from tiefvision.records import Box, View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.workspace.artifacts import command_for

CHUNK = 64 << 20
"""Bytes of an index in one value."""

JUDGED = 10
"""Neighbours by which an index is judged against exact search."""


@dataclass(frozen=True)
class GalleryRow:
    """A photograph that can be found.

    Attributes:
        photo: Its path.
        item: Of several photographs of one item, a search lists the closest.
        box_in_image: What was encoded; None for the whole photograph.
        category: Of the garment located, "" for none.
    """

    photo: str
    item: str
    box_in_image: Box | None
    category: str


def write_gallery(
    writer: ArtifactWriter,
    rows: Sequence[GalleryRow],
    queries: Sequence[View],
    garments_of: GarmentsOf,
    rankers: Mapping[str, Embed],
    settings: HnswSettings,
    track: Track = untracked,
) -> dict[str, Any]:
    """Index rows for every ranker.

    Args:
        writer: Of the artifact.
        rows: Whose maps are read by their photographs' paths.
        queries: Views by which each index is judged against exact search.
        garments_of: Reads the maps of views.
        rankers: By name.
        settings: Of the graphs.
        track: Shows progress, ranker by ranker.

    Returns:
        The details for the header: with the share of the exact ten nearest
        neighbours that each index finds, and the hash of its bytes.
    """
    writer.write(records={f"row/{i:08d}": asdict(row) for i, row in enumerate(rows)})
    indexes = {}
    for name, embed in track(rankers.items(), "building the graph", len(rankers)):
        gallery = embed_views([View(row.photo) for row in rows], garments_of, embed)
        asked = (
            embed_views(queries, garments_of, embed) if queries else gallery[:JUDGED]
        )
        index = build_index(gallery, settings)
        recall = recall_of_neighbours(
            index.search(asked, JUDGED), search_exactly(asked, gallery, JUDGED)
        )
        content = index.to_bytes()
        _write_index(writer, name, content)
        indexes[name] = {
            "recall_of_exact": recall,
            "embedding": int(gallery.shape[1]),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    return {"indexes": indexes, "settings": asdict(settings)}


def read_rows(gallery: Artifact) -> list[GalleryRow]:
    """The rows of a gallery, in the order of its indexes."""
    return [GalleryRow(**record) for record in gallery.records("row")]


def read_index(gallery: Artifact, ranker: str) -> HnswIndex:
    """The index of a ranker.

    Raises:
        StaleArtifact: The gallery was not indexed for it, or the index is damaged.
    """
    indexes = gallery.header.details["indexes"]
    fix = f"Run: {command_for(gallery.path.stem)}"
    if ranker not in indexes:
        raise StaleArtifact(f"{gallery.path.name} has no index for {ranker}.", fix)
    chunks = gallery.keys(f"derived/{ranker}")
    arrays = (gallery.tensors(f"derived/{ranker}/{key}")["bytes"] for key in chunks)
    content = b"".join(array.tobytes() for array in arrays)
    if hashlib.sha256(content).hexdigest() != indexes[ranker]["sha256"]:
        raise StaleArtifact(f"The {ranker} index in {gallery.path} is damaged.", fix)
    settings = HnswSettings(**gallery.header.details["settings"])
    return index_from_bytes(content, gallery.header.count["row"], settings)


def _write_index(writer: ArtifactWriter, name: str, content: bytes) -> None:
    for start in range(0, len(content), CHUNK):
        array = np.frombuffer(content[start : start + CHUNK], dtype=np.uint8)
        key = f"derived/{name}/{start // CHUNK:06d}"
        writer.write(tensors={key: {"bytes": array}})
