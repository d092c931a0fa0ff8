"""Names of encoders of libraries, "timm:NAME" and "open_clip:NAME"; without torch."""

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from tiefvision.errors import BadUsage, reason_of

if TYPE_CHECKING:
    from tiefvision.encoders.architectures import Architecture

TIMM, OPEN_CLIP = "timm", "open_clip"

EXTRAS = {TIMM: "timm", OPEN_CLIP: "clip"}
"""Extra of this project that installs each library, by the prefix of its names."""

FORMS = tuple(f"{library}:NAME" for library in EXTRAS)


def library_of(encoder: str) -> str:
    """The library of an encoder's name; "" for an architecture of this project."""
    library, _, name = encoder.partition(":")
    return library if name and library in EXTRAS else ""


def split_weights(text: str) -> tuple[str, str]:
    """Split NAME:WEIGHTS, where the name of a library's encoder holds a colon itself.

    >>> split_weights("alexnet:random"), split_weights("timm:resnet50:r.safetensors")
    (('alexnet', 'random'), ('timm:resnet50', 'r.safetensors'))
    """
    library = text.partition(":")[0]
    start = len(library) + 1 if library in EXTRAS else 0
    name, _, weights = text[start:].partition(":")
    return text[:start] + name, weights


def require_layers(architecture: "Architecture", purpose: str) -> None:
    """Refuse a library's network where the layers of an encoder are needed as data.

    Args:
        architecture: architecture of the encoder.
        purpose: what the layers are for, to end the sentence.

    Raises:
        BadUsage: The encoder is a library's.
    """
    library = library_of(architecture.name)
    if library:
        raise BadUsage(
            f"{architecture.name} is a network of {library}, used as it comes: it "
            f"cannot be used for {purpose}.",
            "Use an architecture of tiefvision; tiefvision models lists them.",
        )


def import_library(library: str, encoder: str) -> ModuleType:
    """Import timm or open_clip.

    Args:
        library: name of the library.
        encoder: name of the encoder that needs it, for the message.

    Raises:
        BadUsage: The library is not installed, or broken.
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise BadUsage(
            f"{encoder} needs {library}, which is missing or broken: "
            f"{reason_of(error)}.",
            f"Run: pip install 'tiefvision[{EXTRAS[library]}]'",
        ) from error


def unknown_name(library: str, name: str, known: Iterable[str]) -> BadUsage:
    """The error over a name that a library does not know; it tells similar ones."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    names = " or ".join(f"{library}:{one}" for one in close)
    return BadUsage(
        f"{library} has no network called {name!r}.",
        f"Did you mean {names}?" if close else f"See the names that {library} lists.",
    )
