import numpy as np

from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.examples import draw_queries, find_flips
from tiefvision.judging.results import RankerResult
from tiefvision.records import View


def result_of(name, *ranks):
    none = np.zeros((len(ranks), 0), np.int64), np.zeros((len(ranks), 0), np.float32)
    names = ("score@30", "average_precision", "triplet_accuracy")
    lists = {name: np.arange(len(ranks), dtype=np.float64) for name in names}
    return RankerResult(name, np.array(ranks), lists, *none, *none)


def test_five_queries_are_drawn_by_the_seed():
    def drawn(count, seed):
        search = Search("mirror", (View("a"),) * count, (), (), ())
        return draw_queries(Comparison("", search, (), {}, {}, seed))

    assert len(set(drawn(50, 0))) == 5
    assert drawn(50, 0) == drawn(50, 0) == sorted(drawn(50, 0))
    assert drawn(50, 0) != drawn(50, 1)
    assert drawn(3, 0) == [0, 1, 2]


def test_flips_are_where_the_last_ranker_wins_and_loses_most():
    results = (
        result_of("cosine", 1, 4, 2, 0, 3),
        result_of("middle", 9, 9, 9, 9, 9),
        result_of("deeprank", 2, 1, 2, 1, 4),
    )
    search = Search("mirror", (), (), (), ())
    comparison = Comparison("", search, results, {}, {}, 0)
    # Ahead by 1, by 3/4; behind by 1/2, by 1/12; the third query is alike.
    assert find_flips(comparison) == [3, 1, 0, 4]
    alike = Comparison("", search, results[:1], {}, {}, 0)
    assert find_flips(alike) == []
