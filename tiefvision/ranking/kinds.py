"""What a kind of ranker is: what it compares, how it learns, and how it is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tiefvision.ranking.needs import Need

if TYPE_CHECKING:
    from tiefvision.ranking.garments import Embed, Weights
    from tiefvision.ranking.learning import Learnt, TrainingCrops

Learns = Literal["nothing", "photographs", "items", "triplets", "elsewhere"]
"""What a ranker learns from: nothing; photographs of the training split, unlabelled;
photographs of the training split with their items; triplets, in stage 8; or elsewhere,
so that a workspace only keeps its weights."""


@dataclass(frozen=True)
class RankerKind:
    """A kind of ranker.

    Attributes:
        name: name on the command line.
        summary: what the ranker compares, in a sentence without a full stop.
        needs: parts of a crop that the ranker reads.
        learns: data that the ranker learns from.
        build: function that builds the ranker from the details in a header (values of
            JSON types) and from its weights by name, float32; both are ``{}`` for a
            ranker that learns nothing.
        embedding: function from the channels and cells of a feature map, and the
            details in a header, to the length of an embedding.
        learn: function that learns details and weights from the training split; None if
            the ranker learns nothing, or from triplets.
        shapes: function from the details in a header to the shapes of the weights by
            name.
        system: system of the literature that it belongs to; "" for those of this
            project.
        suffix: pattern of what may follow the name and "-" to tell the ranker what it
            need not learn; "" for nothing. Behind the name of a ranker that learns from
            triplets stands any suffix.
        given: what the command line takes to load a ranker of the user, such as
            "mine.py:Ranker"; "" for one that its name finds.
        digest: digest of the source of a ranker of the user; else "".
    """

    name: str
    summary: str
    needs: tuple[Need, ...]
    learns: Learns
    build: "Build"
    embedding: "Embedding"
    learn: "Callable[[TrainingCrops], Learnt] | None" = None
    shapes: "Shapes" = lambda details: {}
    system: str = ""
    suffix: str = ""
    given: str = ""
    digest: str = ""


Build = Callable[[Mapping[str, Any], "Weights"], "Embed"]
"""(details of a header, weights by name) -> ranker."""

Shapes = Callable[[Mapping[str, Any]], Mapping[str, tuple[int, ...]]]
"""(details of a header) -> shapes of the weights by name."""

Embedding = Callable[[int, int, Mapping[str, Any]], int]
"""(channels, cells, details of a header) -> length of an embedding."""
