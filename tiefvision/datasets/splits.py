"""Assigns photographs to train, val and test; groups of related ones stay together."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from hashlib import blake2b

from tiefvision.records import Split

VAL_SHARE = 0.1
TEST_SHARE = 0.2
"""Default shares of the photographs."""


def assign_splits(
    groups: Sequence[Hashable],
    *,
    seed: int,
    val_share: float = VAL_SHARE,
    test_share: float = TEST_SHARE,
) -> list[Split]:
    """Assigns each photograph to a split, and all photographs of a group to the same.

    The largest groups are assigned first, each to the split that lacks most photographs
    of its share. A seeded hash orders groups of equal size, so that the order of the
    photographs does not matter. With three groups or more, no split with a share stays
    empty.

    Args:
        groups: Group label of each photograph; labels are equal if their ``repr`` is.
        seed: Seed of the order of groups of equal size.
        val_share: Share of the photographs in val, in [0, 1).
        test_share: Share of the photographs in test, in [0, 1).

    Returns:
        Split of each photograph.

    Raises:
        ValueError: A share is negative, or the two leave none for train.
    """
    check_shares(val_share, test_share)
    sizes: dict[Hashable, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    dealt = sorted(sizes, key=lambda group: (-sizes[group], seeded_rank(group, seed)))
    lacking: dict[Split, float] = {
        "train": (1 - val_share - test_share) * len(groups),
        "val": val_share * len(groups),
        "test": test_share * len(groups),
    }
    empty: set[Split] = {split for split, share in lacking.items() if share > 0}
    wanted = frozenset(empty)
    chosen: dict[Hashable, Split] = {}
    for position, group in enumerate(dealt):
        last_chance = len(dealt) - position <= len(empty)
        open_splits = [s for s in lacking if s in (empty if last_chance else wanted)]
        split = max(open_splits, key=lambda s: lacking[s])
        chosen[group] = split
        lacking[split] -= sizes[group]
        empty.discard(split)
    return [chosen[group] for group in groups]


def check_shares(val_share: float, test_share: float) -> None:
    """Checks that shares are not negative and leave some for train.

    Raises:
        ValueError: They do not.
    """
    if min(val_share, test_share) < 0 or val_share + test_share >= 1:
        raise ValueError(
            f"shares {val_share} (val) and {test_share} (test) leave none for train"
        )


def join_overlapping(groups: Iterable[Collection[str]]) -> list[tuple[str, ...]]:
    """Joins groups with a common member; members and groups are returned sorted.

    >>> join_overlapping([("a", "b"), ("c", "d"), ("b", "e")])
    [('a', 'b', 'e'), ('c', 'd')]
    """
    home: dict[str, frozenset[str]] = {}
    for group in groups:
        joined = frozenset(group).union(*(home[one] for one in group if one in home))
        home.update(dict.fromkeys(joined, joined))
    return sorted(tuple(sorted(group)) for group in set(home.values()))


def group_by_path(groups: Iterable[Sequence[str]]) -> Mapping[str, str]:
    """Path to name of its group, which is the group's first path."""
    return {path: group[0] for group in groups for path in group}


def seeded_rank(group: Hashable, seed: int) -> str:
    """A pseudo-random sort key that depends on the group's ``repr`` and the seed."""
    return blake2b(f"{seed}:{group!r}".encode(), digest_size=8).hexdigest()
