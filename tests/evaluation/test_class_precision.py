import numpy as np
import pytest

from tiefvision.evaluation.class_precision import (
    ABSENT,
    class_precision,
    without_itself,
)
from tiefvision.evaluation.ranked_lists import hits_in_order, precision_at


def plain_precision(similarities, query, classes, own, k):
    """Of one query, by sorting: worst first among equals."""
    order = sorted(
        (
            (-similarity, classes[column] == query)
            for column, similarity in enumerate(similarities)
            if column != own
        )
    )
    return sum(right for _, right in order[:k]) / k


@pytest.mark.parametrize("k", [1, 3, 30, 60])
@pytest.mark.parametrize("levels", [3, 1000])
def test_precision_against_a_plain_loop(k, levels):
    generator = np.random.default_rng(k)
    # Few levels make many equal similarities.
    table = generator.integers(0, levels, (20, 40)).astype(np.float32) / levels
    classes, queries = generator.integers(0, 4, 40), generator.integers(0, 4, 20)
    own = np.where(generator.random(20) < 0.5, np.arange(20), ABSENT)
    relevant = queries[:, None] == classes[None]
    found = class_precision(without_itself(table, own), relevant, k)
    expected = [
        plain_precision(table[row].tolist(), queries[row], classes, own[row], k)
        for row in range(20)
    ]
    np.testing.assert_allclose(found, expected)


def test_it_is_the_precision_of_ranked_lists_where_no_query_is_in_the_gallery():
    generator = np.random.default_rng(0)
    table = generator.integers(0, 5, (9, 20)).astype(np.float32)
    relevant = generator.random((9, 20)) < 0.3
    hits = hits_in_order(table, relevant)
    found = class_precision(table, relevant, 7)
    np.testing.assert_allclose(found, precision_at(hits, 7))


def test_a_query_does_not_find_itself():
    table = np.array([[1.0, 0.2, 0.9]], dtype=np.float32)
    relevant = np.array([[True, True, False]])
    assert class_precision(table, relevant, 1).tolist() == [1.0]
    alone = without_itself(table, np.array([0]))
    assert class_precision(alone, relevant, 1).tolist() == [0.0]
    assert class_precision(alone, relevant, 2).tolist() == [0.5]
    assert class_precision(alone, relevant, 3).tolist() == [1 / 3]
    assert table[0, 0] == 1.0
