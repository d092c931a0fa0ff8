"""What the shell completes behind an option; nothing here imports torch."""

from collections.abc import Iterable
from pathlib import Path

import typer

from tiefvision.devices import DEVICES
from tiefvision.engines.choice import ENGINES
from tiefvision.errors import TiefVisionError
from tiefvision.models.choice import WORKSPACE, choose_models
from tiefvision.models.protocol import AUTO
from tiefvision.models.trained import ranker_names
from tiefvision.weights import SHIPPED
from tiefvision.workspace.artifacts import DEFAULT_WORKSPACE, Workspace


def complete_device(incomplete: str) -> list[str]:
    """Values of ``--device``."""
    return _starting(DEVICES, incomplete)


def complete_engine(incomplete: str) -> list[str]:
    """Values of ``--engine``."""
    return _starting(ENGINES, incomplete)


def complete_ranker(context: typer.Context, incomplete: str) -> list[str]:
    """Values of ``--ranker``: this project's, and what the workspace trained."""
    return _starting(ranker_names(_workspace(context)), incomplete)


def complete_scorer(context: typer.Context, incomplete: str) -> list[str]:
    """Values of ``--scorer``: rankers, and the features of ``engineered``."""
    from tiefvision.triplets.sources import FEATURES  # which takes NumPy

    return _starting((*ranker_names(_workspace(context)), *FEATURES), incomplete)


def complete_sampling(incomplete: str) -> list[str]:
    """Values of ``--sampling``."""
    from tiefvision.triplets.sources import SAMPLINGS

    return _starting(SAMPLINGS, incomplete)


def complete_models(incomplete: str) -> list[str]:
    """Values of ``--models``: its words, and folders."""
    folders = [f"{path}/" for path in Path().glob(f"{incomplete}*") if path.is_dir()]
    return [*_starting((AUTO, SHIPPED, WORKSPACE), incomplete), *sorted(folders)]


def complete_category(context: typer.Context, incomplete: str) -> list[str]:
    """Values of ``--category``: what the chosen models can tell."""
    choice = context.params.get("models") or AUTO
    try:
        known = choose_models(_workspace(context), choice).categories
    except TiefVisionError:  # the command itself will tell
        return []
    return _starting(known, incomplete)


def _workspace(context: typer.Context) -> Workspace:
    return Workspace(Path(context.params.get("workspace") or DEFAULT_WORKSPACE))


def _starting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
