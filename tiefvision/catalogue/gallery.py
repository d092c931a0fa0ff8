"""Galleries: rows that can be found, and an NMSLIB index of them for each ranker."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.reduction import Reduction, reduce_rows
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
from tiefvision.ranking.matching import COMPARED, densities_of
from tiefvision.ranking.registry import COSINE
from tiefvision.ranking.views import embed_views
from tiefvision.records import Crop, View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.workspace.artifacts import CATALOGUE, command_for, command_of
from tiefvision.workspace.records import crop_to_record, record_to_crop

CHUNK = 64 << 20
"""Most bytes of an index in one value of an artifact."""

JUDGED = 10
"""Number of neighbours by which an index is compared with exact search."""

PHOTOS_OF_AN_ITEM = 4
"""Rows asked of the index for each item wanted, as an item may have several rows."""

REDUCED_FROM = 512
"""Number of rows from which whole maps are indexed by their principal components. With
fewer rows it does not pay: the projection is as large as 256 whole maps."""


@dataclass(frozen=True)
class GalleryRow:
    """A photograph that can be found.

    Attributes:
        photo: path of the photograph.
        item: identifier of the item; a search lists only the closest photograph of an
            item.
        crop: part of the photograph that was described.
        variant: variant of the item, such as its colour; "" if unknown.
        columns: further facts that the catalogue tells, such as title and price.
    """

    photo: str
    item: str
    crop: Crop
    variant: str = ""
    columns: Mapping[str, str | float] = field(default_factory=dict)


def write_gallery(
    writer: ArtifactWriter,
    rows: Sequence[GalleryRow],
    queries: Sequence[View],
    garments_of: GarmentsOf,
    rankers: Mapping[str, Embed],
    settings: HnswSettings,
    track: Track = untracked,
) -> dict[str, Any]:
    """Write rows and an index of them for each ranker.

    Whole feature maps are too long for an index of many rows. From ``REDUCED_FROM``
    rows on the index of the cosine ranker holds their principal components; a search
    then re-ranks its shortlist by whole maps.

    Args:
        writer: writer of the artifact.
        rows: rows of the gallery.
        queries: views with which each index is compared with exact search; the first
            ``JUDGED`` rows if there are none.
        garments_of: reader of the crops of views.
        rankers: rankers by name.
        settings: parameters of HNSW.
        track: shows progress, ranker by ranker.

    Returns:
        Details for the header. "indexes" holds for each ranker: "recall_of_exact", the
        share of the ten exact nearest neighbours, by the embeddings in the index, that
        the index finds; "embedding", the length of an embedding in the index;
        "reduced", whether embeddings are principal components; "bytes" and "sha256" of
        the index. "settings" holds the parameters of HNSW.
    """
    writer.write(
        records={f"row/{i:08d}": _row_to_record(row) for i, row in enumerate(rows)}
    )
    views = [View(row.photo) for row in rows]
    indexes = {}
    for name, embed in track(rankers.items(), "building the graph", len(rankers)):
        reduction = None
        if name == COSINE and len(rows) >= REDUCED_FROM:
            reduction, gallery = reduce_rows(views, garments_of, embed)
        else:
            gallery = embed_views(views, garments_of, embed)
        asked = gallery[:JUDGED]
        if queries:
            asked = embed_views(queries, garments_of, embed)
            asked = reduction.apply(asked) if reduction else asked
        index = build_index(gallery, settings)
        recall = recall_of_neighbours(
            index.search(asked, JUDGED), search_exactly(asked, gallery, JUDGED)
        )
        content = index.to_bytes()
        _write_index(writer, name, content)
        densities = densities_in_index(index, gallery, [row.item for row in rows])
        writer.write(tensors={_density_key(name): {"density": densities}})
        if reduction:
            writer.write(tensors={f"reduction/{name}": reduction.to_tensors()})
        indexes[name] = {
            "recall_of_exact": recall,
            "embedding": int(gallery.shape[1]),
            "reduced": reduction is not None,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    return {"indexes": indexes, "settings": asdict(settings)}


def read_rows(gallery: Artifact) -> list[GalleryRow]:
    """The rows of a gallery, in the order of its indexes.

    Raises:
        StaleArtifact: An earlier release wrote the rows.
    """
    try:
        return [_record_to_row(record) for record in gallery.records("row")]
    except KeyError as error:
        raise _of_an_earlier_release(gallery) from error


def densities_in_index(
    index: HnswIndex, embeddings: NDArray[np.float32], items: Sequence[str]
) -> NDArray[np.float32]:
    """Densities of the rows of an index, as ``ranking.matching`` uses them.

    Args:
        index: index of the rows.
        embeddings: rows of unit length, (N, D) float32.
        items: item of each row, (N,).

    Returns:
        (N,) float32; NaN for a row whose neighbours are all of its own item.
    """
    _, numbers = np.unique(items, return_inverse=True)
    found = index.search(embeddings, COMPARED * PHOTOS_OF_AN_ITEM)
    return densities_of(found.similarities, numbers, numbers[found.rows])


def read_densities(gallery: Artifact, ranker: str) -> NDArray[np.float32]:
    """Densities of the rows in the order of the index of a ranker, (N,) float32.

    Raises:
        StaleArtifact: An earlier release wrote the gallery.
    """
    key = _density_key(ranker)
    if not gallery.has(key):
        raise _of_an_earlier_release(gallery)
    return gallery.tensors(key)["density"]


def read_reduction(gallery: Artifact, ranker: str) -> Reduction | None:
    """The reduction of a ranker's embeddings for its index; None if it has none."""
    key = f"reduction/{ranker}"
    if not gallery.has(key):
        return None
    return Reduction.from_tensors(gallery.tensors(key))


def read_index(gallery: Artifact, ranker: str) -> HnswIndex:
    """The index of a ranker.

    Raises:
        StaleArtifact: The gallery has no index for the ranker, or it is damaged.
    """
    indexes = gallery.header.details["indexes"]
    if ranker not in indexes:
        # Not the last stage: it indexes for its own two rankers alone.
        index = command_for(CATALOGUE, gallery.path.parent)
        raise StaleArtifact(
            f"{gallery.path.name} has no index for {ranker}, only for "
            f"{', '.join(indexes)}.",
            f"Run: {index} --ranker {ranker}",
        )
    chunks = gallery.keys(f"derived/{ranker}")
    arrays = (gallery.tensors(f"derived/{ranker}/{key}")["bytes"] for key in chunks)
    content = b"".join(array.tobytes() for array in arrays)
    if hashlib.sha256(content).hexdigest() != indexes[ranker]["sha256"]:
        raise StaleArtifact(
            f"The {ranker} index in {gallery.path} is damaged.",
            f"Run: {command_of(gallery.path)}",
        )
    settings = HnswSettings(**gallery.header.details["settings"])
    return index_from_bytes(content, gallery.header.count["row"], settings)


def _of_an_earlier_release(gallery: Artifact) -> StaleArtifact:
    return StaleArtifact(
        f"The rows of {gallery.path.name} were written by an earlier release.",
        f"Run: {command_of(gallery.path)}",
    )


def _density_key(ranker: str) -> str:
    return f"derived/density/{ranker}"


def _row_to_record(row: GalleryRow) -> dict[str, Any]:
    variant = {"variant": row.variant} if row.variant else {}
    return {"photo": row.photo, "item": row.item, **variant, **crop_to_record(row.crop)}


def _record_to_row(record: Mapping[str, Any]) -> GalleryRow:
    return GalleryRow(
        record["photo"],
        record["item"],
        record_to_crop(record),
        record.get("variant", ""),
    )


def _write_index(writer: ArtifactWriter, name: str, content: bytes) -> None:
    for start in range(0, len(content), CHUNK):
        array = np.frombuffer(content[start : start + CHUNK], dtype=np.uint8)
        key = f"derived/{name}/{start // CHUNK:06d}"
        writer.write(tensors={key: {"bytes": array}})
