"""``tiefvision compare BEFORE AFTER``: what changed between two result packs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.cli.options import Options
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE, WORSE, say
from tiefvision.errors import BadUsage

if TYPE_CHECKING:
    from tiefvision.evaluation.changes import Change, Condition
    from tiefvision.judging.packs import Pack


def compare_packs(
    before: Path, after: Path, fail_if: Sequence[str], options: Options
) -> int:
    """Print what changed between two result packs, query by query.

    Args:
        before: folder of the first pack.
        after: folder of the second pack.
        fail_if: changes that are not allowed, as ``Condition.parse`` reads them.
        options: options that all commands share.

    Returns:
        The exit code: ``WORSE`` if a forbidden change occurred or cannot be checked.

    Raises:
        BadUsage: A condition matches nothing in the first pack.
        BadDataset: A folder holds no pack, or the packs have no query in common.
    """
    from tiefvision.evaluation.changes import changes_between
    from tiefvision.judging.packs import read_pack, shared_values

    conditions = _conditions(fail_if)
    old, new = read_pack(before), read_pack(after)
    for text, condition in conditions.items():
        if not condition.covers(old.values):
            figures = (name for row in old.values.values() for name in row)
            raise BadUsage(
                f"--fail-if {text}: {before} has no such figure.",
                f"Use {', '.join(dict.fromkeys(figures))}, of {', '.join(old.values)}.",
            )
    earlier, later, products = shared_values(old, new)
    changes = changes_between(earlier, later, options.seed, products)
    count = len(products)
    if not options.quiet and (
        old.protocol != new.protocol or count < max(len(old.queries), len(new.queries))
    ):
        _note(old, new, count)
    if not options.quiet:
        _note_rankers(old, new)
    _print_changes(changes, options)
    failures = list(_lost(old, new, after, conditions))
    failures += [text for text, one in conditions.items() if one.is_met(changes)]
    for failure in failures:
        say(f"Failed: {failure}")
    return WORSE if failures else DONE


def _note(old: "Pack", new: "Pack", count: int) -> None:
    """What of the queries and the protocols of two packs differs."""
    say(
        f"Note: by the {count} queries that both have, of {len(old.queries)} and "
        f"{len(new.queries)}."
    )
    terms = [pack.protocol.split("; ") for pack in (old, new)]
    for name, own, others in zip(("BEFORE", "AFTER"), terms, terms[::-1], strict=True):
        told = "; ".join(term for term in own if term not in others)
        if told:
            say(f"{name} alone: {told}.")


def _note_rankers(old: "Pack", new: "Pack") -> None:
    """The rankers of one pack, of which nothing is in the table."""
    for name, own, others in (("BEFORE", old, new), ("AFTER", new, old)):
        only = [ranker for ranker in own.values if ranker not in others.values]
        if only:
            say(f"In {name} alone, so not compared: {', '.join(only)}.")


def _conditions(texts: Sequence[str]) -> "dict[str, Condition]":
    """Parsed conditions by their text. Raises BadUsage."""
    from tiefvision.evaluation.changes import Condition

    conditions = {}
    for text in texts:
        try:
            conditions[text] = Condition.parse(text)
        except ValueError as error:
            raise BadUsage(
                f"--fail-if {text}: no condition.", 'Write "recall@20<-0.01".'
            ) from error
    return conditions


def _lost(
    old: "Pack", new: "Pack", after: Path, conditions: "Mapping[str, Condition]"
) -> Iterator[str]:
    """Rankers and queries of conditions that the second pack lacks: a failure."""
    for text, condition in conditions.items():
        kept = condition.covers(new.values)
        gone = [ranker for ranker in condition.covers(old.values) if ranker not in kept]
        if gone:
            yield f"{text}: {after} has no {condition.figure} of {', '.join(gone)}."
    queries = set(old.queries) - set(new.queries)
    if conditions and queries:
        yield (
            f"{after} lacks {len(queries)} of {len(old.queries)} queries, "
            f"{min(queries)} among them."
        )


def _print_changes(changes: "Sequence[Change]", options: Options) -> None:
    if options.json:
        for change in changes:
            print_line(
                {
                    "ranker": change.ranker,
                    "figure": change.figure,
                    "before": change.before.to_dict(),
                    "after": change.after.to_dict(),
                    "difference": change.difference.to_dict(),
                    "p": round(change.chance, 5),
                }
            )
        return
    # A table each, its figures by the names that --fail-if takes: 80 columns hold it.
    for ranker in dict.fromkeys(change.ranker for change in changes):
        print_table(
            (ranker, "before", "after", "difference", "p"),
            [
                (
                    change.figure,
                    f"{change.before.value:.3f}",
                    f"{change.after.value:.3f}",
                    change.difference,
                    f"{change.chance:.4f}",
                )
                for change in changes
                if change.ranker == ranker
            ],
        )
        print_text("")
    if changes:
        print_text("Intervals of both, and those by query: --json.")
