"""What to ask a person next: pure functions of what is known."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from tiefvision.labels.records import Judgement, PhotoKey, State


def photos_to_label(
    photos: Iterable[PhotoKey], states: Mapping[PhotoKey, State]
) -> list[PhotoKey]:
    """The photographs that are not labelled yet, in the given order, skipped ones last.

    Args:
        photos: photographs, those that are most worth a label first.
        states: what was said of each photograph that has a label.
    """
    new, skipped = [], []
    for photo in photos:
        state = states.get(photo)
        if state is None:
            new.append(photo)
        elif state == "skipped":
            skipped.append(photo)
    return new + skipped


def questions(
    ranked: Sequence[PhotoKey],
    otherwise: Sequence[PhotoKey],
    judged: Collection[frozenset[PhotoKey]] = (),
) -> list[tuple[PhotoKey, PhotoKey]]:
    """Pairs of candidates to ask "which is closer?" about, the most telling first.

    Two rankers disagree about a pair if each lists another one first. The further apart
    both list them, the surer both are, and the more the answer tells: pairs are
    sorted by the product of the two differences of ranks, which is negative where
    they disagree. Of equal ones, pairs higher up in the lists come first.

    >>> a, b, c = ("dataset", "a"), ("dataset", "b"), ("dataset", "c")
    >>> [(x[1], y[1]) for x, y in questions([a, b, c], [c, b, a])]
    [('a', 'c'), ('a', 'b'), ('b', 'c')]

    Args:
        ranked: candidates by one ranker, the most similar first.
        otherwise: candidates by another ranker; one that only one of the rankers lists
            comes behind all in the list of the other.
        judged: pairs that have been judged, which are left out.

    Returns:
        Pairs of candidates, the one that the first ranker prefers first.
    """
    ranks = _ranks(ranked, otherwise)
    other_ranks = _ranks(otherwise, ranked)
    pairs = [
        (ranks[one] - ranks[other], other_ranks[one] - other_ranks[other], one, other)
        for one, other in combinations(ranks, 2)
        if frozenset((one, other)) not in judged
    ]
    pairs.sort(key=lambda pair: (pair[0] * pair[1], ranks[pair[2]] + ranks[pair[3]]))
    return [(one, other) for _, _, one, other in pairs]


def judged_pairs(
    judgements: Iterable[Judgement], reference: PhotoKey
) -> set[frozenset[PhotoKey]]:
    """Pairs of photographs that somebody compared with a reference already."""
    return {
        frozenset(one.keys[1:]) for one in judgements if one.reference.key == reference
    }


def _ranks(
    ranked: Sequence[PhotoKey], others: Sequence[PhotoKey]
) -> dict[PhotoKey, int]:
    """Rank of each candidate from 0; all that only the others list share the last."""
    ranks = {key: rank for rank, key in enumerate(dict.fromkeys(ranked))}
    last = len(ranks)
    return ranks | {key: last for key in others if key not in ranks}
