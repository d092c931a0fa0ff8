import numpy as np
import pytest

from tiefvision.errors import BadUsage
from tiefvision.ranking.joint import mix_queries
from tiefvision.ranking.registry import CLIP, RANKERS, ranker_kind
from tiefvision.ranking.similarity import unit_rows


def test_a_mixture_ranks_by_the_weighted_mean_of_both_similarities():
    rows = unit_rows(np.random.default_rng(0).standard_normal((40, 8)))
    image, text, gallery = rows[:1], rows[1:2], rows[2:]
    for weight in (0.0, 0.3, 1.0):
        query = mix_queries(image, text, weight)
        assert np.linalg.norm(query) == pytest.approx(1)
        mean = (1 - weight) * gallery @ image.T + weight * gallery @ text.T
        assert ((gallery @ query.T).ravel().argsort() == mean.ravel().argsort()).all()
    assert mix_queries(None, text, 0.3) is text


def test_a_workspace_may_keep_several_of_the_kind():
    assert ranker_kind(CLIP) is ranker_kind("clip-fashion_2")
    assert ranker_kind(CLIP).needs == ("pixels",)
    assert CLIP not in RANKERS  # only a workspace that keeps one has it
    for name in ("clip-", "clip/..", "clips"):
        with pytest.raises(BadUsage, match="There is no ranker"):
            ranker_kind(name)
