"""The tables of the networks of the literature in ``docs/rankers.md``.

Command python -m tiefvision.cli.networks
"""

from collections.abc import Iterator

import typer

from tiefvision.networks.heads import HEADS, TIEFVISION
from tiefvision.networks.published import Counts
from tiefvision.networks.table import NETWORKS, SYSTEMS

COMMAND = "python -m tiefvision.cli.networks"
"""Command that prints the tables, to be pasted under the headings of their systems."""

HEADER = (
    "| network | what it is | parameters | trainable | numbers | MB | multiply-adds "
    "| printed |",
    "|---|---|---|---|---|---|---|---|",
)


def render_tables() -> dict[str, str]:
    """The table of each system in Markdown, by name of the system."""
    tables = {}
    for system in SYSTEMS:
        rows = [
            _row(network.name, network.summary, network.counts, network.paper or "")
            for network in NETWORKS.values()
            if network.system == system
        ]
        tables[system] = "\n".join((*HEADER, *rows))
    heads = [_row(head.name, head.summary, head.counts, "") for head in HEADS.values()]
    return {**tables, TIEFVISION: "\n".join((*HEADER, *heads))}


def _row(name: str, summary: str, counts: Counts, paper: str) -> str:
    cells = (
        f"`{name}`",
        summary,
        f"{counts.parameters:,}",
        f"{counts.trainable:,}",
        f"{counts.embedding:,}",
        f"{counts.megabytes}",
        f"{counts.multiply_adds / 1e9:.2f} billion",
        paper,
    )
    return f"| {' | '.join(cells)} |"


def _lines() -> Iterator[str]:
    for system, table in render_tables().items():
        yield f"## {system}\n\n{table}\n"


def main() -> None:
    """Print the tables."""
    typer.echo("\n".join(_lines()))


if __name__ == "__main__":
    main()
