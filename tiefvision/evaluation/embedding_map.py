"""A map of embeddings in the plane: what a ranker takes for alike lies together."""

import math

import numpy as np
from numpy.typing import NDArray

PERPLEXITY = 30.0
"""Neighbours that count for each point, as by default in the paper's code; a third of
the points where they are few."""

FEWEST = 5
"""Points of a map; fewer have no neighbourhoods to show."""

ROOM = 1.7
"""Cells of a grid for each point: so much that gaps between groups can be seen."""


def map_embeddings(
    embeddings: NDArray[np.float32], seed: int = 0
) -> NDArray[np.float64]:
    """Places in the plane at which close embeddings lie together, by t-SNE.

    Between groups the distances mean little. Source: van der Maaten & Hinton,
    Visualizing data using t-SNE, JMLR 9 (2008); started from principal components, as
    Kobak & Berens (Nature Communications 10, 2019) advise.

    Args:
        embeddings: (N, D) of unit length; N of at least ``FEWEST``.
        seed: Of the optimiser.

    Returns:
        (N, 2) in [0, 1].

    Raises:
        ValueError: There are too few.
    """
    if len(embeddings) < FEWEST:
        raise ValueError(f"{len(embeddings)} embeddings: a map needs {FEWEST}.")
    from sklearn.manifold import TSNE  # takes a second, which few commands need

    optimiser = TSNE(
        perplexity=min(PERPLEXITY, (len(embeddings) - 1) / 3),
        init=_principal_components(embeddings),
        random_state=seed,
    )
    return _fill_square(optimiser.fit_transform(embeddings).astype(np.float64))


def snap_to_grid(
    places: NDArray[np.float64], columns: int, rows: int
) -> NDArray[np.int64]:
    """Cells of a grid, a point in each, with the least sum of squared moves.

    Args:
        places: (N, 2) as (x, y) in [0, 1].
        columns: Of the grid.
        rows: Of the grid.

    Returns:
        (N, 2) as (column, row), no two alike.

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
    """Rows and columns of a square grid with ``ROOM`` for so many points.

    >>> grid_side(100)
    14
    """
    return math.ceil(math.sqrt(ROOM * count))


def _principal_components(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2), as narrow as t-SNE wants its start; zeros where all are alike.

    scikit-learn's own start divides by a spread of zero there.
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
    """Stretched along both axes to [0, 1]; without width it stays in the middle."""
    low, width = places.min(axis=0), np.ptp(places, axis=0)
    filled = np.divide(
        places - low, width, out=np.full_like(places, 0.5), where=width > 0
    )
    return np.asarray(filled)
