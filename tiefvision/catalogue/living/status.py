"""What there is to tell of a catalogue: counts, indexes, files that went or changed."""

import time
from typing import Any

from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
)
from tiefvision.catalogue.living.freshness import lost_files
from tiefvision.catalogue.living.merging import OUTCOME, merge_is_due
from tiefvision.catalogue.living.segment_files import (
    bytes_of,
    folder_of,
    new_rows,
    read_manifest,
)
from tiefvision.store.table import Snapshot, Table


def indexes_of(table: Table) -> dict[str, dict[str, Any]]:
    """Facts about the index of each ranker.

    Returns:
        For each ranker: "embedding" (length of an embedding in the index), "reduced"
        (whether it consists of principal components), "kind" ("exact" or "hnsw"),
        "graphs" (their number), "new" (rows in none of them), "bytes" (in memory), and
        "recall_of_exact" (share of the ten nearest that the graphs found when built).
    """
    with table.read() as snapshot:
        collection = current_collection(snapshot)
        if collection is None:
            return {}
        return {
            ranker: _facts(snapshot, collection, space)
            for ranker, space in collection.spaces.items()
        }


def _facts(snapshot: Snapshot, collection: Collection, space: Space) -> dict[str, Any]:
    manifest = read_manifest(snapshot, collection.key, space.name)
    inside = sum(file.rows for file in manifest.files)
    new = new_rows(snapshot, collection.key, space.name, manifest)
    found = sum(file.rows * file.recall for file in manifest.files)
    links = sum(file.rows * 8 * file.settings["links"] for file in manifest.files)
    return {
        "embedding": space.dimension,
        "reduced": space.reduced,
        "kind": "hnsw" if manifest.files else "exact",
        "graphs": len(manifest.files),
        "new": new,
        "bytes": 4 * space.dimension * (inside + new) + links,
        "recall_of_exact": (found + new) / max(inside + new, 1),
    }


def status_of(table: Table) -> dict[str, Any]:
    """Counts, sizes and freshness of a catalogue.

    Returns:
        "root", "photos", "items", "changed" (ISO time of the last change), "changes"
        (number of transactions), "indexes" (see ``indexes_of``), "gone" and "differs"
        (files that went or changed since they were described, as counts), "bytes_table"
        and "bytes_graphs" (on the disk), "merge_due", and "last_merge" (what the last
        one in the background came to; "" if there was none).
    """
    with table.read() as snapshot:
        collection = current_collection(snapshot)
        assert collection is not None, "the caller has checked that there is one"
        merged = snapshot.record(OUTCOME, {"outcome": ""})
    lost = lost_files(table)
    return {
        "root": collection.root,
        "photos": collection.photos,
        "items": collection.items,
        "changed": time.strftime(
            "%Y-%m-%dT%H:%M:%S%z", time.localtime(collection.changed)
        ),
        "changes": collection.changes,
        "indexes": indexes_of(table),
        "gone": lost.gone,
        "differs": lost.changed,
        "bytes_table": table.size,
        "bytes_graphs": bytes_of(folder_of(table.path)),
        "merge_due": merge_is_due(table),
        "last_merge": merged["outcome"],
    }
