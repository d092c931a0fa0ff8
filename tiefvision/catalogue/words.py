"""Search by a description, alone or beside a photograph."""

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from tiefvision.errors import BadUsage
from tiefvision.ranking.registry import CLIP
from tiefvision.records import Box
from tiefvision.workspace.artifacts import workspace_option

if TYPE_CHECKING:
    from tiefvision.catalogue.loading import Indexed
    from tiefvision.workspace.artifacts import Workspace

TEXT_WEIGHT = 0.5
"""Share of a text beside a photograph."""


class Words(NamedTuple):
    """A description that is searched for.

    Attributes:
        text: the description.
        weight: its share beside a photograph, in [0, 1].
    """

    text: str
    weight: float


def words_of(
    text: str, weight: float, photo: bool, box: Box | None, whole: bool
) -> Words | None:
    """The description of a search; None if it is by a photograph alone.

    Args:
        text: the description; "" for none.
        weight: its share beside a photograph.
        photo: whether there is a photograph.
        box: box in the photograph, if one was given.
        whole: whether the whole photograph was asked for.

    Raises:
        BadUsage: There is nothing to search with, a box without its photograph, a
            weight without its text, or the weight lies outside [0, 1].
    """
    if text and not text.strip():
        raise BadUsage("The text is blank.", "Describe what to search for.")
    if not photo and not text:
        raise BadUsage(
            "There is nothing to search with.", "Give a photograph, a text, or both."
        )
    if not photo and (box is not None or whole):
        raise BadUsage(
            "A box, or the whole, is that of a photograph.", "Give one as well."
        )
    if not text and weight != TEXT_WEIGHT:
        raise BadUsage("The weight of a text needs the text.", "Give one as well.")
    if not 0 <= weight <= 1:
        raise BadUsage(f"A text cannot have a share of {weight:g}.", "Use 0 to 1.")
    return Words(text, weight) if text else None


def reading_ranker(ranker: str, indexed: "Indexed", workspace: "Workspace") -> str:
    """The ranker that reads a text: the given one, or the first that was indexed.

    Args:
        ranker: name of a ranker; "" for none.
        indexed: what can be searched.
        workspace: workspace that is searched, for the message.

    Raises:
        BadUsage: None reads text; the message names one that does, or the commands
            that add one.
    """
    asked = (ranker,) if ranker else indexed.rankers
    found, readers = (
        [name for name in names if name.split("-", 1)[0] == CLIP]
        for names in (asked, indexed.rankers)
    )
    if found:
        return found[0]
    where = workspace_option(workspace.root)
    add = f"tiefvision models --add open_clip:NAME:FILE{where}; then "
    index = f"tiefvision index {quote(str(indexed.root))}{where} --ranker {CLIP}"
    fix = f"Run: {'' if workspace.holds(CLIP) else add}{index}"
    if readers:
        fix = f"Search by {' or '.join(readers)}, which reads text."
    raise BadUsage(f"No text can be searched for by {', '.join(asked)}.", fix)
