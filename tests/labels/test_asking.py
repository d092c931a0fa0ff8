from itertools import combinations, permutations

from tests.labels.made import judgement
from tiefvision.labels.asking import judged_pairs, photos_to_label, questions


def keys(letters):
    return [("dataset", letter) for letter in letters]


def asked(ranked, otherwise, judged=()):
    pairs = questions(
        keys(ranked), keys(otherwise), {frozenset(keys(p)) for p in judged}
    )
    return ["".join(key[1] for key in pair) for pair in pairs]


def test_what_has_no_label_comes_first_and_what_was_skipped_last():
    states = {("dataset", "d"): "skipped", ("dataset", "b"): "boxes"}
    assert photos_to_label(keys("dcba"), states) == keys("cad")
    states |= {("dataset", "a"): "nothing", ("dataset", "c"): "boxes"}
    assert photos_to_label(keys("dcba"), states) == keys("d")
    assert photos_to_label([], {}) == []


def test_a_label_of_a_photograph_elsewhere_does_not_count():
    assert photos_to_label(keys("a"), {("catalogue", "a"): "boxes"}) == keys("a")


def test_the_pairs_that_rankers_disagree_about_come_first():
    # a and d: 3 and -3; then those of 2 and -1, by their places.
    assert asked("abcd", "dbca") == ["ad", "ab", "ac", "bd", "cd", "bc"]


def test_where_rankers_agree_close_calls_come_first():
    assert asked("abc", "abc") == ["ab", "bc", "ac"]


def test_judged_pairs_are_left_out_either_way_round():
    assert asked("abc", "cba", judged=["ca", "bc"]) == ["ab"]
    assert asked("abc", "cba", judged=["ab", "ac", "bc"]) == []


def test_candidates_that_one_ranker_does_not_list_are_behind_its_last():
    assert asked("ab", "cd") == ["ac", "ad", "bc", "bd", "ab", "cd"]


def test_too_few_candidates_ask_nothing():
    assert asked("", "") == asked("a", "a") == []
    assert asked("aa", "a") == []


def test_every_pair_is_asked_once_by_the_product_of_differences():
    for otherwise in permutations("abcd"):
        found = asked("abcd", otherwise)
        assert sorted(found) == ["".join(pair) for pair in combinations("abcd", 2)]
        products = [
            ("abcd".index(one) - "abcd".index(other))
            * (otherwise.index(one) - otherwise.index(other))
            for one, other in found
        ]
        assert products == sorted(products)


def test_the_pairs_of_a_reference_that_were_judged():
    given = [
        judgement("q", "a", "b"),
        judgement("q", "c", "b", neither=True),
        judgement("r", "d", "e"),
    ]
    assert judged_pairs(given, ("dataset", "q")) == {
        frozenset(keys("ab")),
        frozenset(keys("bc")),
    }
