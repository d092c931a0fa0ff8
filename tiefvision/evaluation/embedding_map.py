"""A map of embeddings in the plane: similar embeddings lie close together."""

import math

import numpy as np
from numpy.typing import NDArray

PERPLEXITY = 30.0
"""Perplexity of t-SNE, about the number of neighbours that count for each point; the
default of the paper's code. A third of the points where they are few."""

FEWEST = 5
"""Smallest number of points of a map; fewer have no neighbourhoods to show."""

CELLS_PER_POINT = 1.7
"""Cells of a grid for each point: enough for visible gaps between groups."""


def map_embeddings(
    embeddings: NDArray[np.float32], seed: int = 0
) -> NDArray[np.float64]:
    """Projects embeddings to the plane by t-SNE.

    Close points are similar; distances between groups mean little. Source: van der
    Maaten & Hinton, Visualizing data using t-SNE, JMLR 9 (2008); initialised with
    principal components, as Kobak & Berens (Nature Communications 10, 2019) advise.

    Args:
        embeddings: (N, D) embeddings of unit length; N at least ``FEWEST``.
        seed: Seed of the optimiser.

    Returns:
        (N, 2) points as (x, y) in [0, 1].

    Raises:
        ValueError: There are fewer than ``FEWEST`` embeddings.
    """
    if len(embeddings) < FEWEST:
        raise ValueError(f"{len(embeddings)} embeddings: a map needs {FEWEST}.")
    from sklearn.manifold import TSNE  # slow to import, and few commands need it

    optimiser = TSNE(
        perplexity=min(PERPLEXITY, (len(embeddings) - 1) / 3),
        init=_principal_components(embeddings),
        random_state=seed,
    )
    return _fill_square(optimiser.fit_transform(embeddings).astype(np.float64))


def snap_to_grid(
    places: NDArray[np.float64], columns: int, rows: int
) -> NDArray[np.int64]:
    """Moves each point to a grid cell of its own, with least sum of squared moves.

    Args:
        places: (N, 2) points as (x, y) in [0, 1].
        columns: Number of columns of the grid.
        rows: Number of rows of the grid.

    Returns:
        (N, 2) cells as (column, row), no two alike.

    Raises:
        ValueError: The grid has fewer than N cells.

    >>> snap_to_grid(np.array([[0.0, 0.0], [0.1, 0.0]]), 2, 1).tolist()
    [[0, 0], [1, 0]]
    """
    from scipy.optimize import linear_sum_assignment

    if len(places) > columns * rows:
        raise ValueError(f"{len(places)} points: {columns} x {rows} cells are too few.")
    cells = np.stack(np.meshgrid(range(columns), range(rows)), axis=-1).reshape(-1, 2)
    middles = (cells + 0.5) / (columns, rows)
    moves = np.square(places[:, None] - middles[None]).sum(axis=2)  # (N, cells)
    _, chosen = linear_sum_assignment(moves)
    return np.asarray(cells[chosen], dtype=np.int64)


def grid_side(count: int) -> int:
    """Number of rows, and of columns, of a square grid with room for ``count`` points.

    >>> grid_side(100)
    14
    """
    return math.ceil(math.sqrt(CELLS_PER_POINT * count))


def _principal_components(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2) initial points of t-SNE, with a standard deviation of 1e-4 along x.

    Zeros if all embeddings are equal, where scikit-learn's own initialisation would
    divide by zero.
    """
    centred = embeddings - embeddings.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    start = np.zeros((len(embeddings), 2), dtype=np.float32)
    components = (left * lengths)[:, :2]
    spread = components[:, 0].std()
    if spread > 0:
        start[:, : components.shape[1]] = components / spread * 1e-4
    return start


def _fill_square(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) points stretched to [0, 1] along each axis; 0.5 where all are equal."""
    low, width = places.min(axis=0), np.ptp(places, axis=0)
    filled = np.divide(
        places - low, width, out=np.full_like(places, 0.5), where=width > 0
    )
    return np.asarray(filled)
