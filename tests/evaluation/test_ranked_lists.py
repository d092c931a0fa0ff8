import numpy as np
import pytest

from tiefvision.evaluation.ranked_lists import (
    average_precision,
    gains_in_order,
    hits_in_order,
    ndcg_at,
    precision_at,
    score_at,
    triplet_accuracy,
    worst_score_at,
)


def test_ndcg_by_hand():
    gains = np.array([[0, 3, 1, 0, 2], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], np.float32)
    log = np.log2
    found = 3 / log(3) + 1 / log(4)
    best = 3 + 2 / log(3) + 1 / log(4)
    expected = [found / best, 1.0, 0.0]
    np.testing.assert_allclose(ndcg_at(gains, 3), expected, atol=1e-12)
    assert ndcg_at(gains, 1).tolist() == [0.0, 1.0, 0.0]
    # A list may be shorter than k, or empty.
    whole = (found + 2 / log(6)) / best
    assert ndcg_at(gains, 50)[0] == pytest.approx(whole)
    assert ndcg_at(np.zeros((2, 0), np.float32), 5).tolist() == [0.0, 0.0]


def test_gains_of_equal_similarity_come_last():
    similar = np.array([[0.5, 0.9, 0.5, 0.5]], dtype=np.float32)
    gains = np.array([[2, 1, 0, 1]], dtype=np.float32)
    assert gains_in_order(similar, gains).tolist() == [[1, 0, 1, 2]]


BY_HAND = np.array([[True, False, False, True, False]])
"""A list with relevant results at places 1 and 4, and three irrelevant ones."""


def test_figures_by_hand():
    assert precision_at(BY_HAND, 1) == 1
    assert precision_at(BY_HAND, 4) == 2 / 4
    assert precision_at(BY_HAND, 10) == 2 / 10
    assert average_precision(BY_HAND) == pytest.approx((1 / 1 + 2 / 4) / 2)
    # The first is before all three wrong ones, the second before one of them.
    assert triplet_accuracy(BY_HAND) == pytest.approx((3 + 1) / 6)
    # In the first two places: three triplets of the first in order; of the second
    # only the one with the wrong photograph at place 2, which is not.
    assert score_at(BY_HAND, 2) == 3 - 1
    # Everything: four in order, two not.
    assert score_at(BY_HAND, 5) == score_at(BY_HAND, 50) == 4 - 2


def lists_of(levels, seed=0):
    generator = np.random.default_rng(seed)
    table = (generator.integers(0, levels, (25, 18)) / levels).astype(np.float32)
    relevant = generator.random((25, 18)) < 0.2
    relevant[0], relevant[1] = False, True
    return table, relevant


def triplets_of(similarities, relevant):
    """Similarities and places of each pair of a relevant and an irrelevant result."""
    count = len(similarities)

    def place(number):  # of equal ones, wrong before right
        return sum(
            similarities[other] > similarities[number]
            or (
                similarities[other] == similarities[number]
                and (relevant[other], other) < (relevant[number], number)
            )
            for other in range(count)
        )

    places = [place(number) for number in range(count)]
    return [
        (similarities[p] > similarities[n], places[p], places[n])
        for p in range(count)
        if relevant[p]
        for n in range(count)
        if not relevant[n]
    ]


@pytest.mark.parametrize("levels", [3, 10_000])  # 3: nearly everything is a tie
@pytest.mark.parametrize("k", [1, 4, 30])
def test_figures_of_triplets_against_a_loop(levels, k):
    table, relevant = lists_of(levels)
    hits = hits_in_order(table, relevant)
    for row in range(len(table)):
        triplets = triplets_of(table[row].tolist(), relevant[row].tolist())
        right = [ordered for ordered, _, _ in triplets]
        assert triplet_accuracy(hits)[row] == pytest.approx(
            np.mean(right) if right else 0.0
        )
        reached = [
            1 if ordered else -1 for ordered, *places in triplets if min(places) < k
        ]
        assert score_at(hits, k)[row] == sum(reached)


@pytest.mark.parametrize("levels", [3, 10_000])
@pytest.mark.parametrize("k", [1, 4, 30])
def test_triplets_of_lists_of_different_lengths_against_a_loop(levels, k):
    table, relevant = lists_of(levels, seed=2)
    lengths = np.random.default_rng(3).integers(0, 19, len(table))
    lengths[0], lengths[1] = 0, 18
    shown = np.arange(18) < lengths[:, None]
    hits = hits_in_order(np.where(shown, table, np.float32(-2)), relevant & shown)
    for row, length in enumerate(lengths):
        one, right = table[row, :length].tolist(), relevant[row, :length].tolist()
        triplets = triplets_of(one, right)
        expected = np.mean([first for first, *_ in triplets]) if triplets else 0.0
        assert triplet_accuracy(hits, lengths)[row] == pytest.approx(expected)
        reached = [1 if first else -1 for first, *two in triplets if min(two) < k]
        assert score_at(hits, k, lengths)[row] == sum(reached)


@pytest.mark.parametrize("levels", [3, 10_000])
def test_precision_against_a_loop(levels):
    table, relevant = lists_of(levels, seed=1)
    hits = hits_in_order(table, relevant)
    for row, (similarities, right) in enumerate(zip(table, relevant, strict=True)):
        order = sorted(range(18), key=lambda n: (-similarities[n], right[n]))
        ordered = [bool(right[number]) for number in order]
        assert hits[row].tolist() == ordered
        assert precision_at(hits, 7)[row] == sum(ordered[:7]) / 7
        found = [
            sum(ordered[: place + 1]) / (place + 1)
            for place in range(18)
            if ordered[place]
        ]
        expected = sum(found) / len(found) if found else 0.0
        assert average_precision(hits)[row] == pytest.approx(expected)


def test_the_best_and_the_worst_list():
    best, worst = (
        np.array([[True] * 2 + [False] * 6]),
        np.array([[False] * 6 + [True] * 2]),
    )
    assert average_precision(best) == triplet_accuracy(best) == 1
    assert triplet_accuracy(worst) == 0
    assert score_at(best, 30) == -score_at(worst, 30) == 12


@pytest.mark.parametrize("k", [1, 4, 30])
def test_the_worst_score_is_that_of_the_worst_list(k):
    table, relevant = lists_of(10_000, seed=4)
    lengths = np.random.default_rng(5).integers(0, 19, len(table))
    shown = np.arange(18) < lengths[:, None]
    right = relevant & shown
    # Every wrong one is close, every right one far.
    worst = np.where(shown, np.where(right, 0.1, 0.9), -2.0).astype(np.float32)
    expected = score_at(hits_in_order(worst, right), k, lengths)
    hits = hits_in_order(np.where(shown, table, np.float32(-2)), right)
    assert worst_score_at(hits, k, lengths).tolist() == expected.tolist()
    assert (expected <= score_at(hits, k, lengths)).all() and expected.min() < 0


def test_equal_similarities_are_not_rewarded():
    relevant = np.array([[True, False, False, True]])
    hits = hits_in_order(np.zeros((1, 4), np.float32), relevant)
    assert hits.tolist() == [[False, False, True, True]]
    assert triplet_accuracy(hits) == 0


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_nothing_to_rank(shape):
    hits = hits_in_order(np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
    for values in (
        precision_at(hits, 30),
        average_precision(hits),
        triplet_accuracy(hits),
        score_at(hits, 30),
    ):
        assert values.tolist() == [0.0] * shape[0]
