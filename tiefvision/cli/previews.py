"""Small pictures of a search in the terminal."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.output import print_pictures
from tiefvision.cli.running import say
from tiefvision.cli.terminals import Protocol, pictures_of_terminal

if TYPE_CHECKING:  # pictures are drawn where a terminal shows them
    from tiefvision.cli.search_pages import Answered

CELLS = (12, 8)
"""Columns and rows of the terminal that one picture takes."""

NO_PICTURES = (
    "This terminal draws no pictures (kitty, iTerm2 and sixel are known), or is a pipe."
)

PreviewOption = Annotated[
    bool,
    typer.Option("--preview", help="Small pictures, in a terminal that can draw them."),
]


def choose_preview(wanted: bool) -> Protocol:
    """How pictures are shown; "" for none, which is said where they were wanted."""
    protocol = pictures_of_terminal() if wanted else ""
    if wanted and not protocol:
        say(NO_PICTURES)
    return protocol


def print_preview(answered: "Answered", root: Path, protocol: Protocol) -> None:
    """Print a row of pictures: what searched, and the first results that fit.

    Args:
        answered: a photograph and the answer for one of its garments.
        root: folder that the paths of hits are relative to.
        protocol: how the terminal is sent pictures; nothing is printed if it is "".
    """
    if not protocol:
        return
    from tiefvision.datasets.files import photo_file
    from tiefvision.report.strips import draw_strip
    from tiefvision.report.terminal_pictures import as_iterm2, as_kitty, as_sixel

    columns = shutil.get_terminal_size().columns
    most = max(1, columns // CELLS[0] - 1)
    answer = answered.answer
    # Of several photographs nobody knows which one the box is of.
    box = None if answered.is_several else answer.box
    strip = draw_strip(
        answered.sources[0],
        box,
        answer.category,
        [(str(hit.rank), photo_file(root, hit.photo)) for hit in answer.hits[:most]],
    )
    size = CELLS[0] * (1 + min(most, len(answer.hits))), CELLS[1]
    if protocol == "sixel":
        print_pictures(as_sixel(strip))
    else:
        print_pictures((as_kitty if protocol == "kitty" else as_iterm2)(strip, *size))
