"""The page of precision by class: figures, training curves, both ends of five lists."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.evaluation.intervals import (
    Figure,
    bootstrap_difference,
    randomisation_test,
)
from tiefvision.files import replace_text
from tiefvision.judging.classes import SPLITS, ClassResult, ClassSearch
from tiefvision.progress import Track, untracked
from tiefvision.ranking.registry import RANKERS
from tiefvision.records import Split
from tiefvision.report.comparison_page import (
    ComparisonPage,
    Example,
    ExampleHit,
    RankerRow,
    render_comparison,
)
from tiefvision.report.figure_table import Difference
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path


@dataclass(frozen=True)
class ClassComparison:
    """Rankers side by side.

    Attributes:
        search: queries and gallery.
        results: results of the rankers, the baseline first.
        k: number of closest photographs looked at.
        boxes: what was cropped, in words.
        seed: seed of the bootstrap.
    """

    search: ClassSearch
    results: tuple[ClassResult, ...]
    k: int
    boxes: str
    seed: int

    @property
    def ends(self) -> tuple[ClassResult, ...]:
        """The first and the last ranker, or the only one."""
        return self.results[:1] + self.results[1:][-1:]

    def verdict(self) -> str:
        """The figures of the last ranker, and of the first, in a sentence."""
        split = next(one for one in SPLITS if len(self.search.rows_of(one)))
        told = [
            f"{one.ranker} "
            f"{100 * one.figures(self.search, self.seed)[split].value:.1f} %"
            for one in reversed(self.ends)
        ]
        return (
            f"Of the {self.k} training photographs closest to a photograph of {split}, "
            f"these show its class: {', '.join(told)}; by chance "
            f"{100 * self.search.chance(split):.1f} %."
        )

    def notes(self) -> tuple[str, ...]:
        """What keeps precision below 1, whatever the ranker."""
        counts: dict[str, int] = {}
        for name in self.search.gallery_classes:
            counts[name] = counts.get(name, 0) + 1
        few = sum(count <= self.k for count in counts.values())
        if not few:
            return ()
        return (
            f"{few} of {self.search.classes} classes have at most {self.k} training "
            "photographs, so that their precision cannot reach 1 on both splits.",
        )


def write_class_page(
    comparison: ClassComparison,
    records: Artifact,
    path: Path,
    history: Sequence[Mapping[str, float]] = (),
    track: Track = untracked,
) -> None:
    """Writes the HTML page.

    Args:
        comparison: what to show.
        records: the artifact of stage 1, which says where the photographs' files are.
        path: file of the page.
        history: training curves of the last ranker, a row an epoch.
        track: shows progress.
    """
    page = ComparisonPage(
        title=f"Precision@{comparison.k} by class",
        verdict=(comparison.verdict(),),
        terms=_terms(comparison, records),
        notes=comparison.notes(),
        rankers=tuple(
            RankerRow(
                result.ranker,
                _summary(result.ranker),
                _named(comparison, result.figures(comparison.search, comparison.seed)),
                {},
            )
            for result in comparison.results
        ),
        differences=tuple(_differences(comparison)),
        history=tuple(dict(row) for row in history),
        trained=comparison.results[-1].ranker,
        examples=tuple(
            _example(comparison, records, place)
            for place in range(len(comparison.search.examples))
        ),
    )
    replace_text(path, render_comparison(page, track))


def _terms(
    comparison: ClassComparison, records: Artifact
) -> tuple[tuple[str, str], ...]:
    search = comparison.search
    asked = "; ".join(
        f"{len(search.rows_of(split))} of {search.available[split]} of {split}, "
        f"by chance {search.chance(split):.3f}"
        for split in SPLITS
        if search.available[split]
    )
    return (
        ("photographs", records.header.details["images"]),
        ("queries", asked),
        ("gallery", f"{len(search.gallery)} of train, {search.classes} classes"),
        ("hit", "the same class; the query itself is left out"),
        ("boxes", comparison.boxes),
        ("search", "exact, by cosine: the order of Euclidean distance of unit rows"),
        ("judged", time.strftime("%Y-%m-%d %H:%M")),
    )


def _summary(ranker: str) -> str:
    kind = RANKERS.get(ranker) or RANKERS.get(ranker.split("-", 1)[0])
    return kind.summary if kind else ""


def _named(
    comparison: ClassComparison, figures: Mapping[Split, Figure]
) -> dict[str, Figure]:
    """Figures under the headings of the table."""
    return {
        f"precision@{comparison.k} on {split}": one for split, one in figures.items()
    }


def _differences(comparison: ClassComparison) -> list[Difference]:
    """What the last ranker gains over the first."""
    if len(comparison.results) < 2:
        return []
    first, last = comparison.ends
    search, seed = comparison.search, comparison.seed
    rows = {split: search.rows_of(split) for split in SPLITS}
    pairs = {
        f"precision@{comparison.k} on {split}": (
            last.precision[chosen],
            first.precision[chosen],
        )
        for split, chosen in rows.items()
        if len(chosen)
    }
    return [
        Difference(
            f"{last.ranker} minus {first.ranker}",
            {name: bootstrap_difference(*pair, seed) for name, pair in pairs.items()},
            {name: randomisation_test(*pair, seed) for name, pair in pairs.items()},
        )
    ]


def _example(comparison: ClassComparison, records: Artifact, place: int) -> Example:
    """A query and both ends of its lists by the first and the last ranker."""
    search = comparison.search
    row = search.examples[place]
    asked = search.query_classes[row]
    closest: dict[str, tuple[ExampleHit, ...]] = {}
    farthest: dict[str, tuple[ExampleHit, ...]] = {}
    for result in comparison.ends:
        for ends, columns, similarities in (
            (closest, result.closest, result.similarities),
            (farthest, result.farthest, result.least_similarities),
        ):
            ends[result.ranker] = tuple(
                ExampleHit(
                    photo_path(records, search.gallery[column].path),
                    None,
                    search.gallery_classes[column],
                    similarity,
                    search.gallery_classes[column] == asked,
                )
                for column, similarity in zip(
                    columns[place], similarities[place], strict=True
                )
            )
    told = ", ".join(
        f"{result.ranker} {result.precision[row]:.2f}" for result in comparison.ends
    )
    path = search.queries[row].path
    return Example(
        photo_path(records, path),
        None,
        mirrored=False,
        caption=f"{asked} ({path}): precision@{comparison.k} {told}",
        hits=closest,
        farthest=farthest,
    )
