"""Cross-validation: splits a dataset into folds, each of which is the test set once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from tiefvision.datasets.splits import group_by_path, join_overlapping, seeded_rank
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.records import Photo, Split

LEAST_FOLDS = 2
"""Smallest number of folds: one for testing, one for training and validation."""

ANYTHING = ""
"""A category that every photograph is given, so that the number of photographs is
balanced like that of any category."""


def deal_fold(
    photos: Sequence[Photo],
    alike: Iterable[Collection[str]],
    *,
    folds: int,
    fold: int,
    seed: int,
) -> list[Photo]:
    """The photographs of a dataset with the splits of one fold of a cross-validation.

    Photographs of one item, one group or one group of near-duplicates stay in one
    split; overlapping groups are joined. `split_of_fold` says which folds become which
    split.

    Args:
        photos: All photographs of the dataset.
        alike: Groups of paths that must stay in one split, such as near-duplicates.
        folds: Number of folds; each photograph is tested in exactly one of them.
        fold: Number of the test fold, from 0.
        seed: Seed of the assignment, the same for every fold of a cross-validation.

    Raises:
        BadUsage: There is no such fold.
        BadDataset: A split would be empty: there are too few unrelated photographs.
    """
    if folds < LEAST_FOLDS or not 0 <= fold < folds:
        raise BadUsage(
            f"There is no fold {fold} of {folds}.",
            f"Give --folds {LEAST_FOLDS} or more, and --fold from 0 to folds - 1",
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
                f"Fold {fold} of {folds} leaves no photograph for {split}: the dataset "
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
    """Assigns each photograph to a fold, and all photographs of a group to the same.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011,
    algorithm 1) of groups: groups with the rarest category are assigned first, larger
    ones before smaller ones, each to the fold with the fewest photographs of that
    category. Unlike in the paper, a full fold takes no more, so that folds of single
    photographs differ by at most one photograph. A seeded hash breaks ties: the order
    of the photographs does not matter.

    Args:
        groups: Group label of each photograph; labels are equal if their ``repr`` is.
        categories: Categories that each photograph shows, possibly none.
        folds: Number of folds.
        seed: Seed of the hash that breaks ties.

    Returns:
        Fold of each photograph, from 0 to ``folds - 1``.
    """
    counts: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for group, names in zip(groups, categories, strict=True):
        counts[group].update({ANYTHING, *names})
    full = len(groups) // folds
    dealt = [Counter[str]() for _ in range(folds)]
    chosen: dict[Hashable, int] = {}
    for group, rarest in _dealing_order(counts, seed):
        size = counts[group][ANYTHING]
        # If no fold has room for the group, the smallest folds take it.
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
    """The split of each photograph: one fold tests, half of the next validates.

    All other photographs train.

    Args:
        fold_numbers: Fold of each photograph, from `assign_folds`.
        groups: The groups given to `assign_folds`; a group is not halved.
        categories: The categories given to `assign_folds`; the halves get about equal
            numbers of each.
        folds: Number of folds; the first one follows the last.
        fold: Number of the test fold, from 0.
        seed: Seed of the halving.
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
    """Paths of the photographs of each item, and of each group."""
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for photo in photos:
        for kind, name in (("item", photo.item_id), ("group", photo.group)):
            if name:
                named[kind, name].append(photo.path)
    return list(named.values())


def _dealing_order(
    counts: Mapping[Hashable, Counter[str]], seed: int
) -> Iterator[tuple[Hashable, str]]:
    """Each group once, with the category that is rarest among the groups left.

    Args:
        counts: Number of photographs of each category, and of `ANYTHING`, in each
            group.
        seed: Seed of the order of groups of equal size.
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
