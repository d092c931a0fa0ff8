import itertools

import numpy as np
import pytest

from tiefvision.evaluation.embedding_map import (
    FEWEST,
    grid_side,
    map_embeddings,
    snap_to_grid,
)


def groups(count=3, of=8, length=40):
    """Unit vectors in groups around random directions, and the group of each."""
    noise = np.random.default_rng(0).standard_normal((count * of, length))
    owner = np.repeat(np.arange(count), of)
    rows = np.eye(length)[owner] + 0.03 * noise
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), owner


def test_what_is_alike_lies_together():
    embeddings, owner = groups()
    places = map_embeddings(embeddings)
    assert places.shape == (24, 2)
    assert places.min() == 0.0 and places.max() == 1.0
    for number, place in enumerate(places):
        distances = np.linalg.norm(places - place, axis=1)
        distances[number] = np.inf
        assert owner[distances.argmin()] == owner[number]


def test_the_same_seed_draws_the_same_map():
    embeddings, _ = groups(of=4)
    np.testing.assert_array_equal(
        map_embeddings(embeddings), map_embeddings(embeddings)
    )


def test_embeddings_that_are_all_alike_have_a_map():
    places = map_embeddings(np.ones((FEWEST, 1), dtype=np.float32))
    assert np.isfinite(places).all()


def test_too_few_embeddings_have_no_map():
    with pytest.raises(ValueError, match="4 embeddings"):
        map_embeddings(np.eye(4, dtype=np.float32))


def test_snapping_moves_least_of_all_ways():
    places = np.random.default_rng(1).random((4, 2))
    cells = [(x, y) for y in range(2) for x in range(3)]

    def moved(chosen):
        middles = (np.array(chosen) + 0.5) / (3, 2)
        return np.square(places - middles).sum()

    best = min(itertools.permutations(cells, 4), key=moved)
    assert [tuple(cell) for cell in snap_to_grid(places, 3, 2)] == list(best)


def test_a_point_in_the_middle_of_a_cell_stays():
    places = np.array([[0.75, 0.25], [0.25, 0.75]])
    assert snap_to_grid(places, 2, 2).tolist() == [[1, 0], [0, 1]]


def test_a_grid_has_room_for_every_point():
    for count in (1, 2, 3, 5, 17, 60):
        cells = snap_to_grid(np.zeros((count, 2)), *[grid_side(count)] * 2)
        assert len({tuple(cell) for cell in cells}) == count
    with pytest.raises(ValueError, match="5 points"):
        snap_to_grid(np.zeros((5, 2)), 2, 2)
    assert snap_to_grid(np.zeros((0, 2)), 2, 2).shape == (0, 2)
