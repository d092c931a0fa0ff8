"""NumPy's format: a matrix of vectors, and a line of JSON for each of its rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tiefvision.exporting.parity import Vectors
from tiefvision.exporting.records import (
    BATCH_ROWS,
    MANIFEST,
    Collection,
    ExportBatch,
    stored_columns,
    stored_row,
)
from tiefvision.exporting.texts import (
    json_line,
    read_json_lines,
    require_manifest,
    write_manifest,
)
from tiefvision.files import replacing, replacing_folder

VECTORS, ROWS = "vectors.npy", "rows.jsonl"
"""Names of the files in the folder."""


def write_npy(
    collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write ``vectors.npy``, (N, D) float32, and ``rows.jsonl``, a line a row.

    Raises:
        OSError: The folder cannot be written.
    """
    header = {
        "descr": "<f4",
        "fortran_order": False,
        "shape": (collection.count, collection.dimension),
    }
    with replacing_folder(Path(output), MANIFEST) as folder:
        with replacing(folder / VECTORS) as vectors, replacing(folder / ROWS) as rows:
            np.lib.format.write_array_header_1_0(vectors, header)
            for batch in batches:
                vectors.write(batch.vectors.astype("<f4", copy=False).tobytes())
                for row in batch.rows:
                    columns = stored_columns(row, collection.columns)
                    rows.write(json_line({**stored_row(row), "columns": columns}))
        write_manifest(folder, collection, "npy")


def read_npy(folder: Path) -> Iterator[Vectors]:
    """The ids and vectors of an exported folder, in batches."""
    require_manifest(folder)
    vectors = np.load(folder / VECTORS, mmap_mode="r")
    ids = np.array([row["id"] for row in read_json_lines(folder / ROWS)], np.int64)
    for start in range(0, len(ids), BATCH_ROWS):
        chosen = slice(start, start + BATCH_ROWS)
        yield ids[chosen], np.array(vectors[chosen])
