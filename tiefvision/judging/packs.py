"""Result packs: a comparison on disk, which can be compared with another pack.

``metrics.json`` holds all figures, the protocol, the seed, the options of the command,
the encoder, the digests of the inputs, and the environment. ``queries.csv`` has a line
for each query and ranker, with the number of the query's product. ``compare.html`` is
the page.
"""

import csv
import importlib.metadata
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.datasets.qrels import name_of
from tiefvision.errors import BadDataset, reason_of
from tiefvision.evaluation.changes import Values
from tiefvision.files import read_file, replace_text
from tiefvision.judging.comparison import Comparison
from tiefvision.machine import this_machine
from tiefvision.models.protocol import BUNDLE, Models
from tiefvision.ranking.registry import ranker_kind
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests
from tiefvision.workspace.provenance import file_hash

if TYPE_CHECKING:
    import torch

FORMAT, VERSION = "tiefvision-results", 2

WITHOUT_PRODUCTS = 1
"""Version whose queries have no number of a product: the item stands for it."""

METRICS, QUERIES, PAGE = "metrics.json", "queries.csv", "compare.html"

TABLES = ("photos", "crops")
"""The artifacts that a comparison reads its photographs from."""

MIRRORED = " (mirrored)"
"""Suffix of a query's path if the query is a mirror image."""

PRODUCT = "product"

NAMING = ("query", "item", "ranker", "rank", PRODUCT)
"""Columns before those of the figures."""


@dataclass(frozen=True)
class Pack:
    """The content of a result pack.

    Attributes:
        protocol: protocol of the comparison in words.
        queries: names of the Q queries.
        products: name of the product of each query, Q.
        values: value of each query by ranker and figure, (Q,) each.
    """

    protocol: str
    queries: tuple[str, ...]
    products: tuple[str, ...]
    values: Values


def compared_inputs(
    compared: Workspace,
    learnt_in: Workspace,
    models: Models,
    rankers: Collection[str],
    qrels: Sequence[Path] = (),
) -> dict[str, str]:
    """Digests of all inputs of a comparison, by name.

    Args:
        compared: workspace with the photographs and crops that were compared.
        learnt_in: workspace on whose training split rankers learnt. If it is another
            than ``compared``, its digests have the prefix "training/".
        models: models that located, encoded and ranked.
        rankers: names of the rankers that were compared.
        qrels: files of judgements, whose digests have the prefix "qrels/".
    """
    elsewhere = compared != learnt_in
    trained = [name for name in rankers if ranker_kind(name).learns == "triplets"]
    ranking = (*trained, BUNDLE) if trained else ()
    inputs = input_digests(compared, TABLES) | {
        name: digest
        for name, digest in models.digests(trained).items()
        if name in ranking or elsewhere
    }
    added = [name for name in rankers if ranker_kind(name).learns == "elsewhere"]
    inputs |= input_digests(learnt_in, added)
    if elsewhere and any(ranker_kind(name).learn for name in rankers):
        learnt = input_digests(learnt_in, TABLES)
        inputs |= {f"training/{name}": digest for name, digest in learnt.items()}
    kinds = {name: ranker_kind(name) for name in rankers}
    inputs |= {name: kind.digest for name, kind in kinds.items() if kind.digest}
    return inputs | {f"qrels/{name_of(file)}": file_hash(file) for file in qrels}


@dataclass(frozen=True)
class Origin:
    """Where the figures of a pack come from.

    Attributes:
        inputs: digests of the inputs, as ``compared_inputs`` gives them.
        encoder: identity of the encoder that made the feature maps.
        models: name of the models that the command used.
        dataset: name of the folder whose photographs were compared.
        options: options of the command, given or by default.
        device: device on which the command ran.
    """

    inputs: Mapping[str, str]
    encoder: Mapping[str, str]
    models: str
    dataset: str
    options: Mapping[str, Any]
    device: "torch.device"


def write_pack(comparison: Comparison, folder: Path, origin: Origin) -> None:
    """Write figures and queries; the page is written by ``write_page``.

    Args:
        comparison: comparison to write.
        folder: folder of the pack; it is made if missing.
        origin: inputs, options and device of the comparison.
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
    replace_text(folder / METRICS, text)
    replace_text(folder / QUERIES, _query_table(comparison))


def read_pack(folder: Path) -> Pack:
    """Read a result pack.

    Raises:
        BadDataset: The folder holds no result pack, or a damaged one.
    """
    fix = "Write one: tiefvision compare --pack DIR"
    try:
        metrics = json.loads(read_file(folder / METRICS))
        known = metrics["format"], metrics["version"]
        protocol = str(metrics["protocol"])
        text = read_file(folder / QUERIES).decode("utf-8")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        file = getattr(error, "filename", None)
        reason = f"{Path(file).name}: {reason_of(error)}" if file else reason_of(error)
        raise BadDataset(f"{folder} holds no result pack ({reason}).", fix) from error
    if known not in ((FORMAT, VERSION), (FORMAT, WITHOUT_PRODUCTS)):
        raise BadDataset(f"{folder} holds {known[0]} of version {known[1]}.", fix)
    try:
        queries, products, values = _read_queries(text)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise BadDataset(f"{folder / QUERIES} is damaged ({error}).", fix) from error
    return Pack(protocol, queries, products, values)


def shared_values(
    before: Pack, after: Pack
) -> tuple[Values, Values, NDArray[np.int64]]:
    """The values of the S queries that both packs have, in one order.

    Returns:
        The values of both packs, and the number of the product of each query by the
        second pack, (S,).

    Raises:
        BadDataset: The packs have no query in common.
    """
    shared = sorted(set(before.queries) & set(after.queries))
    if not shared:
        raise BadDataset("The two packs have no query in common.")
    product_of = dict(zip(after.queries, after.products, strict=True))
    names = [product_of[query] for query in shared]
    products = np.unique(names, return_inverse=True)[1]
    return _values_of(before, shared), _values_of(after, shared), products


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
    products = search.products or range(len(search.queries))
    for result in comparison.results:
        values = result.values()
        for number, view in enumerate(search.queries):
            name = view.path + MIRRORED * view.mirrored
            item, rank = search.query_items[number], int(result.ranks[number])
            numbers = (f"{values[figure][number]:.9g}" for figure in figures)
            writer.writerow(
                [name, item, result.ranker, rank, products[number], *numbers]
            )
    return text.getvalue()


def _read_queries(text: str) -> tuple[tuple[str, ...], tuple[str, ...], Values]:
    """Queries, their products, and their values; a ValueError if they are damaged."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    figures = [name for name in rows.fieldnames or () if name not in NAMING]
    queries: dict[str, list[str]] = {}
    products: dict[str, str] = {}
    values: dict[str, list[list[float]]] = {}
    for row in rows:
        products.setdefault(row["query"], row.get(PRODUCT, row["item"]))
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
    by_ranker = {name: _by_figure(figures, table) for name, table in tables.items()}
    return tuple(names[0]), tuple(products[query] for query in names[0]), by_ranker


def _by_figure(
    figures: Sequence[str], table: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {figure: table[:, column] for column, figure in enumerate(figures)}


def _environment(device: "torch.device") -> dict[str, Any]:
    """The machine, and versions of libraries that ``this_machine`` leaves out."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "nmslib")}
    return this_machine(device).to_dict() | versions
