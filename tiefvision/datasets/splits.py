"""Photographs into train, val and test, groups of related ones staying together."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from hashlib import blake2b

from tiefvision.records import Split

VAL_SHARE = 0.1
TEST_SHARE = 0.2


def assign_splits(
    groups: Sequence[Hashable],
    *,
    seed: int,
    val_share: float = VAL_SHARE,
    test_share: float = TEST_SHARE,
) -> list[Split]:
    """The split of each photograph; the photographs of one group share theirs.

    The largest groups are dealt first, each to the split that lacks most photographs;
    among groups of one size a seeded hash decides, so that the order of the photographs
    does not matter. With three groups or more, no wanted split stays empty.

    Args:
        groups: One label a photograph, told apart by their ``repr``.
        seed: Another seed deals the groups differently.
        val_share: Of the photographs, in [0, 1).
        test_share: Of the photographs; the two shares together stay below 1.
    """
    if min(val_share, test_share) < 0 or val_share + test_share >= 1:
        raise ValueError(f"shares {val_share} (val) and {test_share} (test) leave none")
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


def join_overlapping(groups: Iterable[Collection[str]]) -> list[tuple[str, ...]]:
    """Groups with a common member become one; members and groups come back sorted.

    >>> join_overlapping([("a", "b"), ("c", "d"), ("b", "e")])
    [('a', 'b', 'e'), ('c', 'd')]
    """
    home: dict[str, frozenset[str]] = {}
    for group in groups:
        joined = frozenset(group).union(*(home[one] for one in group if one in home))
        home.update(dict.fromkeys(joined, joined))
    return sorted(tuple(sorted(group)) for group in set(home.values()))


def group_by_path(groups: Iterable[Sequence[str]]) -> Mapping[str, str]:
    """The name of the group of each path that has one: the group's first path."""
    return {path: group[0] for group in groups for path in group}


def seeded_rank(group: Hashable, seed: int) -> str:
    """A pseudo-random sort key that depends on the group's ``repr`` and the seed."""
    return blake2b(f"{seed}:{group!r}".encode(), digest_size=8).hexdigest()
