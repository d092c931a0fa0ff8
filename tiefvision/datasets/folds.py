"""Cross-validation: photographs dealt into folds, each of which tests once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from tiefvision.datasets.splits import group_by_path, join_overlapping, seeded_rank
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.records import Photo, Split

LEAST_FOLDS = 2
"""One fold tests; the others train and validate."""

ANYTHING = ""
"""Stands for a category that every photograph bears, so that their number is spread as
any category is."""


def deal_fold(
    photos: Sequence[Photo],
    alike: Iterable[Collection[str]],
    *,
    folds: int,
    fold: int,
    seed: int,
) -> list[Photo]:
    """The photographs with the splits of one fold in place of their own.

    Photographs of one item or one group stay in one split, and so do those that are
    alike, also by way of a third. See `split_of_fold` for which split is what.

    Args:
        photos: Of the dataset.
        alike: Paths of photographs that must not be told apart by a split, such as
            near-duplicates.
        folds: How many; each photograph is tested in exactly one of them.
        fold: The one that tests, from 0.
        seed: Of the dealing, the same for every fold of a cross-validation.

    Raises:
        BadUsage: There is no such fold.
        BadDataset: A split would be empty: there are too few unrelated photographs.
    """
    if folds < LEAST_FOLDS or not 0 <= fold < folds:
        raise BadUsage(
            f"There is no fold {fold} of {folds}.",
            f"Give --folds {LEAST_FOLDS} or more, and --fold from 0 to one less",
        )
    group_of = group_by_path(join_overlapping([*alike, *_named_groups(photos)]))
    groups = [group_of.get(photo.path, photo.path) for photo in photos]
    categories = [{garment.category for garment in p.garments} for p in photos]
    numbers = assign_folds(groups, categories, folds=folds, seed=seed)
    splits = split_of_fold(
        numbers, groups, categories, folds=folds, fold=fold, seed=seed
    )
    for split in get_args(Split):
        if split not in splits:
            raise BadDataset(
                f"Fold {fold} of {folds} leaves no photograph to {split}: the dataset "
                f"has {len(set(groups))} photographs or groups of related ones.",
                "Give fewer --folds, or 0 for the splits of the dataset",
            )
    return [replace(p, split=split) for p, split in zip(photos, splits, strict=True)]


def assign_folds(
    groups: Sequence[Hashable],
    categories: Sequence[Collection[str]],
    *,
    folds: int,
    seed: int,
) -> list[int]:
    """The fold of each photograph; the photographs of one group share theirs.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011,
    algorithm 1) of groups: those that bear the rarest category are dealt first, the
    largest before the others, each to the fold with fewest photographs of that
    category. Unlike there, a fold that is full takes no more, so that folds of
    single photographs differ by one photograph at most. Ties are broken by a seeded
    hash: the order of the photographs does not matter.

    Args:
        groups: One label a photograph, told apart by their ``repr``.
        categories: What each photograph shows; it may show nothing.
        folds: How many.
        seed: Another seed deals the groups differently.

    Returns:
        Numbers from 0 to ``folds - 1``.
    """
    counts: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for group, names in zip(groups, categories, strict=True):
        counts[group].update({ANYTHING, *names})
    full = len(groups) // folds
    dealt = [Counter[str]() for _ in range(folds)]
    chosen: dict[Hashable, int] = {}
    for group, rarest in _dealing_order(counts, seed):
        size = counts[group][ANYTHING]
        # Where no fold has room, the smallest ones take it.
        limit = max(full, min(fold[ANYTHING] for fold in dealt) + size)
        chosen[group] = min(
            (n for n, fold in enumerate(dealt) if fold[ANYTHING] + size <= limit),
            key=lambda n: (
                dealt[n][rarest],
                dealt[n][ANYTHING],
                seeded_rank((group, n), seed),
            ),
        )
        dealt[chosen[group]].update(counts[group])
    return [chosen[group] for group in groups]


def split_of_fold(
    fold_numbers: Sequence[int],
    groups: Sequence[Hashable],
    categories: Sequence[Collection[str]],
    *,
    folds: int,
    fold: int,
    seed: int,
) -> list[Split]:
    """The fold tests, half of the next one validates, all others train.

    Args:
        fold_numbers: Of each photograph, from `assign_folds`.
        groups: As given to `assign_folds`; the halving keeps them together too.
        categories: As given to `assign_folds`; the halving spreads them too.
        folds: How many there are; the next one after the last is the first.
        fold: The one that tests.
        seed: Another seed halves differently.
    """
    following = (fold + 1) % folds
    rows = [row for row, number in enumerate(fold_numbers) if number == following]
    halves = assign_folds(
        [groups[row] for row in rows],
        [categories[row] for row in rows],
        folds=2,
        seed=seed,
    )
    validating = {row for row, half in zip(rows, halves, strict=True) if half == 0}
    return [
        "test" if number == fold else "val" if row in validating else "train"
        for row, number in enumerate(fold_numbers)
    ]


def _named_groups(photos: Sequence[Photo]) -> list[list[str]]:
    """Paths of the photographs of one item, and of one group."""
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for photo in photos:
        for kind, name in (("item", photo.item_id), ("group", photo.group)):
            if name:
                named[kind, name].append(photo.path)
    return list(named.values())


def _dealing_order(
    counts: Mapping[Hashable, Counter[str]], seed: int
) -> Iterator[tuple[Hashable, str]]:
    """Each group once, with the category that was the rarest when its turn came.

    Args:
        counts: Photographs of each category in each group, and of `ANYTHING`.
        seed: Of the order of groups of one size.
    """
    left = Counter[str]()
    for count in counts.values():
        left.update(count)
    waiting = set(counts)
    while waiting:
        rarest = min((count, name) for name, count in left.items() if count)[1]
        bearing = [group for group in waiting if rarest in counts[group]]
        for group in sorted(
            bearing, key=lambda g: (-counts[g][ANYTHING], seeded_rank(g, seed))
        ):
            yield group, rarest
            left.subtract(counts[group])
            waiting.remove(group)
