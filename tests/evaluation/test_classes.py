from collections import Counter

import numpy as np
import pytest

from tiefvision.evaluation import classes
from tiefvision.evaluation.classes import neighbour_class_hits
from tiefvision.evaluation.cosines import cosine_blocks

FAR = np.array([[1.0, 0.0], [0.9, 0.3], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
"""Embeddings of falling cosine with the first."""


def winner_by_counting(query, gallery, labels, k):
    """The winning class: most votes, then the nearest neighbour."""

    def cosine(row):
        return gallery[row] @ query / np.linalg.norm(gallery[row])

    nearest = sorted(range(len(gallery)), key=lambda row: (-cosine(row), row))[:k]
    votes = Counter(labels[row] for row in nearest)
    return max(
        (labels[row] for row in nearest), key=lambda label: votes[label]
    )  # max keeps the first of equal votes


@pytest.mark.parametrize("k", [1, 4, 10, 100])
def test_votes_against_counting(k, monkeypatch):
    generator = np.random.default_rng(k)
    gallery, queries = (generator.normal(size=(n, 3)) for n in (40, 25))
    labels = generator.choice(["hat", "shoe", "a longer name"], 40).tolist()
    wanted = generator.choice(["hat", "shoe", "unknown"], 25).tolist()

    def in_small_blocks(queries, gallery):
        return cosine_blocks(queries, gallery, block_bytes=7 * 4 * 40)

    monkeypatch.setattr(classes, "cosine_blocks", in_small_blocks)
    hits = neighbour_class_hits(queries, wanted, gallery, labels, k)
    expected = [
        float(winner_by_counting(query, gallery, labels, k) == label)
        for query, label in zip(queries, wanted, strict=True)
    ]
    assert 0 < sum(expected) < 25
    assert hits.tolist() == expected


def test_most_votes_win_over_the_nearest():
    labels = ["hat", "shoe", "shoe", "hat", "hat"]
    assert neighbour_class_hits(FAR[:1], ["shoe"], FAR, labels, k=3).tolist() == [1.0]


def test_a_draw_goes_to_the_class_of_the_nearest():
    labels = ["shoe", "hat", "hat", "shoe", "hat"]
    assert neighbour_class_hits(FAR[:1], ["shoe"], FAR, labels, k=4).tolist() == [1.0]
    assert neighbour_class_hits(FAR[:1], ["hat"], FAR, labels, k=4).tolist() == [0.0]


def test_equally_near_photographs_come_in_the_order_of_the_gallery():
    alike = np.ones((3, 2))
    labels = ["first", "second", "second"]
    assert neighbour_class_hits(alike[:1], ["first"], alike, labels, k=1) == [1.0]


def test_no_queries():
    assert neighbour_class_hits(FAR[:0], [], FAR, ["hat"] * 5).shape == (0,)
