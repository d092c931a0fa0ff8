"""A result pack: a comparison on disk, which can be compared with another.

``metrics.json`` holds every figure, the protocol, the seed, the options of the command,
the encoder, digests of all that was compared, and the environment;
``queries.csv`` a line a query and ranker; ``compare.html`` is the page.
"""

import csv
import importlib.metadata
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.errors import BadDataset
from tiefvision.evaluation.changes import Values
from tiefvision.files import replace_file
from tiefvision.judging.comparison import Comparison
from tiefvision.machine import this_machine
from tiefvision.models.protocol import BUNDLE, Models
from tiefvision.ranking.registry import ranker_kind
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests

FORMAT, VERSION = "tiefvision-results", 1

METRICS, QUERIES, PAGE = "metrics.json", "queries.csv", "compare.html"

TABLES = ("photos", "crops")
"""The artifacts that a comparison reads its photographs from."""

MIRRORED = " (mirrored)"
"""Behind the path of a photograph whose mirror image asks."""

NAMING = ("query", "item", "ranker", "rank")
"""Columns before those of the figures."""


@dataclass(frozen=True)
class Pack:
    """What a result pack says.

    Attributes:
        protocol: Who searched where, in words.
        queries: Q names.
        values: Of each ranker and figure, (Q,).
    """

    protocol: str
    queries: tuple[str, ...]
    values: Values


def compared_inputs(
    compared: Workspace, learnt_in: Workspace, models: Models, rankers: Collection[str]
) -> dict[str, str]:
    """Digests of everything that the figures of a comparison came from, by name.

    Args:
        compared: Whose photographs and crops were compared.
        learnt_in: Workspace on whose training split rankers learnt, if any did. Where
            it is not the one compared, its digests stand under "training/".
        models: Models that located, encoded and ranked.
        rankers: Names of the rankers that were compared.
    """
    elsewhere = compared != learnt_in  # or the crops were there before the models came
    trained = [name for name in rankers if ranker_kind(name).learns == "triplets"]
    ranking = (*trained, BUNDLE) if trained else ()
    inputs = input_digests(compared, TABLES) | {
        name: digest
        for name, digest in models.digests(trained).items()
        if name in ranking or elsewhere
    }
    if elsewhere and any(ranker_kind(name).learn for name in rankers):
        learnt = input_digests(learnt_in, TABLES)
        inputs |= {f"training/{name}": digest for name, digest in learnt.items()}
    return inputs


@dataclass(frozen=True)
class Origin:
    """Where the figures of a pack come from.

    Attributes:
        inputs: Digests of what was compared, as ``compared_inputs`` gives them.
        encoder: Identity of the one that made the maps.
        models: What to call those that the command used.
        dataset: Name of the folder whose photographs were compared.
        options: Of the command, as they were given or by default.
        device: Where it ran.
    """

    inputs: Mapping[str, str]
    encoder: Mapping[str, str]
    models: str
    dataset: str
    options: Mapping[str, Any]
    device: torch.device


def write_pack(comparison: Comparison, folder: Path, origin: Origin) -> None:
    """Write figures and queries; the page is written by ``write_page``.

    Args:
        comparison: What to keep.
        folder: Made if it is missing.
        origin: Where it comes from.
    """
    metrics = {
        "format": FORMAT,
        "version": VERSION,
        "protocol": comparison.protocol,
        "seed": comparison.seed,
        "dataset": origin.dataset,
        "options": dict(origin.options),
        "models": origin.models,
        "encoder": dict(origin.encoder),
        "inputs": dict(origin.inputs),
        "environment": _environment(origin.device),
        "rankers": comparison.to_lines(),
    }
    text = json.dumps(metrics, indent=1, ensure_ascii=False) + "\n"
    replace_file(folder / METRICS, text.encode())
    replace_file(folder / QUERIES, _query_table(comparison).encode())


def read_pack(folder: Path) -> Pack:
    """Read what ``write_pack`` wrote.

    Raises:
        BadDataset: The folder holds no result pack, or a damaged one.
    """
    fix = "Write one: tiefvision compare --pack DIR"
    try:
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        known = metrics["format"], metrics["version"]
        protocol = str(metrics["protocol"])
        text = (folder / QUERIES).read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDataset(f"{folder} holds no result pack ({error}).", fix) from error
    if known != (FORMAT, VERSION):
        raise BadDataset(f"{folder} holds {known[0]} of version {known[1]}.", fix)
    try:
        queries, values = _read_queries(text)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise BadDataset(f"{folder / QUERIES} is damaged ({error}).", fix) from error
    return Pack(protocol, queries, values)


def shared_values(before: Pack, after: Pack) -> tuple[Values, Values, int]:
    """The values of the queries that both packs have, in one order, and their number.

    Raises:
        BadDataset: They have none in common.
    """
    shared = sorted(set(before.queries) & set(after.queries))
    if not shared:
        raise BadDataset("The two packs have no query in common.")
    return _values_of(before, shared), _values_of(after, shared), len(shared)


def _values_of(pack: Pack, queries: Sequence[str]) -> Values:
    row = {name: number for number, name in enumerate(pack.queries)}
    rows = [row[name] for name in queries]
    return {
        ranker: {figure: values[rows] for figure, values in figures.items()}
        for ranker, figures in pack.values.items()
    }


def _query_table(comparison: Comparison) -> str:
    search = comparison.search
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    figures = list(comparison.results[0].values())
    writer.writerow([*NAMING, *figures])
    for result in comparison.results:
        values = result.values()
        for number, view in enumerate(search.queries):
            name = view.path + MIRRORED * view.mirrored
            rank = int(result.ranks[number])
            numbers = (f"{values[figure][number]:.9g}" for figure in figures)
            writer.writerow(
                [name, search.query_items[number], result.ranker, rank, *numbers]
            )
    return text.getvalue()


def _read_queries(text: str) -> tuple[tuple[str, ...], Values]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    figures = [name for name in rows.fieldnames or () if name not in NAMING]
    queries: dict[str, list[str]] = {}
    values: dict[str, list[list[float]]] = {}
    for row in rows:
        queries.setdefault(row["ranker"], []).append(row["query"])
        numbers = [float(row[figure]) for figure in figures]
        values.setdefault(row["ranker"], []).append(numbers)
    names = list(queries.values())
    if not names or not figures:
        raise ValueError("no queries")
    if any(other != names[0] for other in names):
        raise ValueError("rankers of different queries")
    if len(set(names[0])) != len(names[0]):
        raise ValueError("a query that comes twice")
    tables = {ranker: np.array(table) for ranker, table in values.items()}
    if not all(np.isfinite(table).all() for table in tables.values()):
        raise ValueError("a value that is no number")
    return tuple(names[0]), {
        ranker: _by_figure(figures, table) for ranker, table in tables.items()
    }


def _by_figure(
    figures: Sequence[str], table: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {figure: table[:, column] for column, figure in enumerate(figures)}


def _environment(device: torch.device) -> dict[str, Any]:
    """The machine, and the versions that the bench does not need."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "nmslib")}
    return this_machine(device).to_dict() | versions
