"""Exact search against the limits of the machine: a sum, and a matrix product."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.benchmarks.measured import GIGA, Measured
from tiefvision.benchmarks.timing import Repetition, Work, time_in_turns, times_faster
from tiefvision.index.neighbours import search_exactly
from tiefvision.index.tuning import NEAREST

HEADING = "exact search"


def exact_limits(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    repetition: Repetition | None = None,
) -> Iterator[Measured]:
    """Time exact search of one query and of many, in turns with its limits.

    One query reads every vector once, as a sum does, which is limited by the memory;
    many queries are a matrix product, which is limited by the arithmetic.

    Args:
        vectors: rows of unit length, (N, D) float32.
        queries: queries, (Q, D) float32.
        repetition: number of rounds; the defaults if None.
    """
    one = queries[:1]
    product = np.empty((len(queries), len(vectors)), dtype=np.float32)
    works: dict[str, Work] = {
        "sum of all numbers": vectors.sum,
        "one query": lambda: search_exactly(one, vectors, NEAREST),
        "matrix product": lambda: np.matmul(queries, vectors.T, out=product),
        f"{len(queries)} queries": lambda: search_exactly(queries, vectors, NEAREST),
    }
    timed = time_in_turns(works, torch.device("cpu"), repetition)
    operations = 2 * len(queries) * vectors.size / GIGA
    sizes = [vectors.nbytes / GIGA] * 2 + [operations] * 2
    limits = ["sum of all numbers"] * 2 + ["matrix product"] * 2
    for (name, times), size, limit in zip(timed.items(), sizes, limits, strict=True):
        yield Measured(
            f"{HEADING}: {name}",
            "float32",
            times.best,
            size / times.best,
            "GB/s" if limit == "sum of all numbers" else "GFLOP/s",
            share=None if name == limit else times_faster(times, timed[limit]),
        )
