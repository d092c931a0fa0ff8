"""Judgements that were given twice, and judgements that contradict each other."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from tiefvision.labels.records import Judgement, PhotoKey

Group = tuple[Judgement, ...]


def double_judgements(judgements: Iterable[Judgement]) -> list[Group]:
    """Judgements of the same three photographs with the same answer, oldest first.

    Returns:
        A group for each answer that was given more than once.
    """
    same: dict[object, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        if judgement.neither:
            reference, closer, further = judgement.keys
            same[(reference, frozenset((closer, further)))].append(judgement)
        else:
            same[judgement.keys].append(judgement)
    return [tuple(group) for group in same.values() if len(group) > 1]


def contradictions(judgements: Iterable[Judgement]) -> list[Group]:
    """Judgements of one reference that cannot all be right.

    They form a cycle: a is closer than b, b closer than c, and c closer than a; most
    often the same two photographs the other way round. An answer that was given twice
    counts once, as the later one.

    Returns:
        The shortest cycle that each judgement belongs to, every cycle once, its oldest
        judgement first.
    """
    by_reference: dict[PhotoKey, dict[PhotoKey, dict[PhotoKey, Judgement]]]
    by_reference = defaultdict(lambda: defaultdict(dict))
    for judgement in judgements:
        if not judgement.neither:
            reference, closer, further = judgement.keys
            by_reference[reference][closer][further] = judgement
    cycles: dict[frozenset[int], Group] = {}
    for closer_than in by_reference.values():
        for closer, others in closer_than.items():
            for further, judgement in others.items():
                way = _way(closer_than, further, closer)
                if way:
                    cycle = _oldest_first((judgement, *way))
                    cycles.setdefault(frozenset(one.number for one in cycle), cycle)
    return sorted(cycles.values(), key=lambda cycle: cycle[0].number)


def latest_of_each(judgements: Iterable[Judgement]) -> list[Judgement]:
    """The judgements that count: of two about the same three photographs, the later."""
    latest: dict[object, Judgement] = {}
    for judgement in judgements:
        reference, closer, further = judgement.keys
        question = (reference, frozenset((closer, further)))
        latest.pop(question, None)
        latest[question] = judgement
    return list(latest.values())


def _way(
    closer_than: dict[PhotoKey, dict[PhotoKey, Judgement]],
    start: PhotoKey,
    end: PhotoKey,
) -> Group:
    """Judgements along the shortest way from one photograph to another; () for none."""
    came_by: dict[PhotoKey, Group] = {start: ()}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for there, judgement in closer_than.get(here, {}).items():
            if there not in came_by:
                came_by[there] = (*came_by[here], judgement)
                waiting.append(there)
            if there == end:
                return came_by[there]
    return ()


def _oldest_first(cycle: Sequence[Judgement]) -> Group:
    """A cycle turned so that its oldest judgement comes first."""
    start = min(range(len(cycle)), key=lambda place: cycle[place].number)
    return (*cycle[start:], *cycle[:start])
