"""The tables of ``tiefvision compare``, 80 columns wide at most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from tiefvision.cli.output import print_table, print_text

if TYPE_CHECKING:
    from tiefvision.judging.comparison import Comparison

SHOWN = {
    "recall@1": "R@1",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "recall@20": "R@20",
    "reciprocal_rank": "MRR",
    "average_precision": "mAP",
}
"""Figures of the table with their headers, short enough for 80 columns."""

MEANINGS = {
    "reciprocal_rank": "MRR: mean reciprocal rank.",
    "average_precision": "mAP: mean average precision.",
}
"""What the headers mean that stand for one figure."""

LEGEND = (
    "p: paired randomisation test of the difference above it, by product.",
    "lost: share of the ten nearest neighbours that the index (NMSLIB) does not find.",
    "95 % intervals and more figures: --json, or --html for a page.",
)
"""What the other headers mean."""

FAMILY = ("recall@1", "reciprocal_rank")
"""Figures of the table that holds every ranker against the first."""

LARGEST_CUT = 20
"""Largest k of the recalls in the table; a smaller gallery makes some of them
meaningless."""


def print_comparison(comparison: "Comparison") -> None:
    """The verdict, the protocol and a table that fits into 80 columns."""
    from tiefvision.judging.protocol import note_reach, protocol_rows
    from tiefvision.judging.reranking_recall import steps_in_words
    from tiefvision.judging.summary import ABOUT_REPEATED, shown_once, verdict_in_words

    for sentence in verdict_in_words(comparison):
        print_text(sentence)
    typer.echo()
    print_table(("protocol", ""), protocol_rows(comparison.terms, comparison.search))
    typer.echo()
    shown = shown_once(SHOWN, comparison.search)
    rows: list[tuple[str, ...]] = []
    for result in comparison.results:
        figures = result.figures(comparison.seed)
        values = (f"{figures[name].value:.3f}" for name in shown)
        facts = comparison.indexes.get(result.ranker, {})
        missed = 1 - facts["recall_of_exact"] if "recall_of_exact" in facts else None
        lost = "-" if missed is None else f"{missed:.1%}"
        rows.append((result.ranker, *values, lost))
        if result.seeds:
            spreads = result.spreads()
            apart = (f"±{spreads[name].deviation:.3f}" for name in shown)
            rows.append((f"± {len(result.seeds)} seeds", *apart, ""))
    last = comparison.results[-1].ranker
    for other in comparison.opponents():
        ahead, chances = comparison.ahead(other), comparison.chances(other)
        gained = (f"{ahead[name].value:+z.3f}" for name in shown)
        likely = (f"{chances[name]:.4f}" for name in shown)
        rows += [(f"{last} - {other.ranker}", *gained, ""), ("p", *likely, "")]
    print_table(("ranker", *(SHOWN[name] for name in shown), "lost"), rows)
    typer.echo()
    _print_published(comparison, shown)
    _print_judged(comparison)
    _print_family(comparison)
    repeated = ABOUT_REPEATED if len(shown) < len(SHOWN) else ""
    reach = note_reach(comparison.terms, LARGEST_CUT)
    meanings = (text for name, text in MEANINGS.items() if name in shown)
    headers = " ".join(("R@k: recall@k.", *meanings))
    steps, matches = steps_in_words(comparison.indexes), comparison.matches_in_words()
    notes = (headers, *LEGEND, repeated, reach, *steps, *matches)
    for note in filter(None, notes):
        print_text(note)


def _print_judged(comparison: "Comparison") -> None:
    """Figures by each file of judgements, if there are any."""
    from tiefvision.judging.block_figures import JUDGED_CUTS

    cuts = [(kind, k) for kind, several in JUDGED_CUTS.items() for k in several]
    rows = [
        (
            result.ranker,
            name,
            *(
                f"{result.values()[f'{name}_{kind}@{k}'].mean():.3f}"
                for kind, k in cuts
            ),
        )
        for name in comparison.search.grades
        for result in comparison.results
    ]
    if rows:
        headers = (f"{'R' if kind == 'recall' else 'nDCG'}@{k}" for kind, k in cuts)
        print_table(("ranker", "judged by", *headers), rows)
        typer.echo()


def _print_family(comparison: "Comparison") -> None:
    """Each ranker against the first, with corrected p, if there are several."""
    first, *others = comparison.results
    if len(others) < 2:
        return
    rows = [
        (
            one.ranker,
            *(
                cell
                for name in FAMILY
                for cell in (
                    f"{comparison.ahead_of_baseline[one.ranker][name].value:+z.3f}",
                    f"{comparison.against_baseline[one.ranker][name]:.4f}",
                    f"{comparison.corrected[one.ranker][name]:.4f}",
                )
            ),
        )
        for one in others
    ]
    columns = (cell for name in FAMILY for cell in (SHOWN[name], "p", "Holm"))
    print_table((f"against {first.ranker}", *columns), rows)
    print_text(f"Holm: p corrected for {len(others)} rankers, figure by figure.")
    typer.echo()


def _print_published(comparison: "Comparison", shown: Sequence[str]) -> None:
    """The figures over all published queries, where their number is known."""
    from tiefvision.judging.results import figures_of_all

    published = comparison.published
    if not published:
        return
    print_text(f"Of all {published} published queries, the lost ones being misses:")
    rows = []
    for result in comparison.results:
        every = figures_of_all(result, published, comparison.seed)
        rows.append((result.ranker, *(f"{every[name].value:.3f}" for name in shown)))
    print_table(("ranker", *(SHOWN[name] for name in shown)), rows)
    typer.echo()
