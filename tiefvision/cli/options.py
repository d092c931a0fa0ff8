"""The options that all commands share, each written once."""

import functools
import inspect
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.completing import (
    complete_device,
    complete_engine,
    complete_models,
)
from tiefvision.cli.output import print_line, print_text
from tiefvision.cli.running import say
from tiefvision.devices import MOST_THREADS, require_device
from tiefvision.engines.choice import Backend, require_engine
from tiefvision.models.protocol import AUTO
from tiefvision.progress import Track, choose_track
from tiefvision.ranking.own import load_ranker
from tiefvision.wording import counted
from tiefvision.workspace.artifacts import (
    DEFAULT_WORKSPACE,
    Workspace,
    workspace_at,
    workspace_option,
)
from tiefvision.workspace.job import MOST_SEED

if TYPE_CHECKING:  # torch takes seconds to import, which --help need not
    from tiefvision.catalogue.loading import Indexed
    from tiefvision.finder import Finder
    from tiefvision.models.protocol import Models

ModelsOption = Annotated[
    str,
    typer.Option(
        "--models",
        help="Models to use: auto, shipped, workspace, or a folder that "
        "models --export wrote.",
        autocompletion=complete_models,
    ),
]
"""Which models a command uses, for those that use any."""

OutputOption = Annotated[
    Path, typer.Option(help="The encoder file to write.", dir_okay=False)
]
"""Where a command that trains an encoder writes it; a folder is refused before."""

PageOption = Annotated[
    Path | None, typer.Option("--html", help="The page to write.", dir_okay=False)
]
"""Where a command writes its page."""

OwnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ranker",
        help="A ranker of your own that was indexed, FILE.py:CLASS; may come again.",
    ),
]
"""The user's rankers that a command has to load, for one that names no others."""

DEFAULT_MODELS = AUTO
"""The workspace's models, or the shipped ones where it has none."""


@dataclass(frozen=True)
class Options:
    """The values of the shared options."""

    workspace: Annotated[Path, typer.Option(help="Folder of models and catalogue.")] = (
        DEFAULT_WORKSPACE
    )
    device: Annotated[
        str,
        typer.Option(help="auto, cpu, cuda or mps.", autocompletion=complete_device),
    ] = "auto"
    engine: Annotated[
        str,
        typer.Option(
            help="Engine of trained networks: auto, openvino or torch.",
            autocompletion=complete_engine,
        ),
    ] = "auto"
    threads: Annotated[
        int,
        typer.Option(
            min=0,
            max=MOST_THREADS,
            help="Threads of the networks; 0: as many as cores.",
        ),
    ] = 0
    seed: Annotated[
        int, typer.Option(min=0, max=MOST_SEED, help="Seed of all random numbers.")
    ] = 0
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line on stdout.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no notes.")] = (
        False
    )
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell more on stderr.")
    ] = False

    def require_valid(self) -> None:
        """Raises BadUsage for values that no command can use, even if it needs none."""
        require_device(self.device)
        require_engine(self.engine, self.device)
        workspace_at(self.workspace)

    @property
    def run(self) -> Workspace:
        """The workspace."""
        return Workspace(self.workspace)

    @property
    def track(self) -> Track:
        """Shows progress, unless ``--quiet`` is given."""
        return choose_track(quiet=self.quiet)

    def note(self, message: str) -> None:
        """Say what need not be said, unless ``--quiet`` is given."""
        if not self.quiet:
            say(message)

    @property
    def backend(self) -> Backend:
        """What networks run on."""
        return Backend(self.device, self.engine, self.threads)

    def choose_models(self, choice: str) -> "Models":
        """The models of a command; imports no torch."""
        from tiefvision.models.choice import choose_models

        return choose_models(self.run, choice)

    def finder(self, choice: str) -> "Finder":
        """A finder with these options; imports no torch."""
        from tiefvision.finder import Finder

        return Finder(
            self.run,
            self.choose_models(choice),
            self.backend,
            seed=self.seed,
            track=self.track,
        )

    def repeated(self, models: str = DEFAULT_MODELS) -> str:
        """The options that the command of a hint needs as well, to be pasted.

        Args:
            models: models that were chosen.
        """
        text = workspace_option(self.workspace)
        if models != DEFAULT_MODELS:
            text += f" --models {quote(models)}"
        return text

    def tell_machine(self, about: str) -> None:
        """Say what a benchmark of minutes runs on, and what it measures."""
        from tiefvision.machine import processor_name, usable_cores

        if self.json:
            print_line({"machine": processor_name(), "cores": usable_cores()})
            return
        self.note("This takes minutes; nothing else should run meanwhile.")
        print_text(f"{processor_name()}, cores: {usable_cores()}; {about}")

    def tell_used(
        self,
        models: "Models",
        indexed: "Indexed | None" = None,
        making: Path | None = None,
    ) -> None:
        """Say in one line which models, and which catalogue, are used."""
        if self.quiet:
            return
        text = f"Using {models.label}"
        if indexed:
            text += f"; {indexed.name} of {indexed_text(indexed)}"
        if making:
            text += f"; the catalogue of {making} goes to {self.workspace}"
        say(f"{text}.")


def indexed_text(indexed: "Indexed") -> str:
    """What can be searched: folder, counts and date."""
    photos, items = (
        counted(indexed.photos, "photograph"),
        counted(indexed.items, "item"),
    )
    counts = f"{photos}, {items}"
    made = minute_text(indexed.made)
    return f"{_from_here(indexed.root)}: {counts}, indexed {made}"


def minute_text(seconds: float) -> str:
    """A time in seconds since 1970, as people here write it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _from_here(path: Path) -> Path:
    """A path as somebody in this folder would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def load_rankers(given: Iterable[str] | None) -> tuple[str, ...]:
    """Names of rankers, each once; those that are the user's are loaded.

    Args:
        given: values of ``--ranker``.

    Raises:
        BadUsage: A ranker of the user cannot be loaded.
    """
    return tuple(dict.fromkeys(load_ranker(text) for text in given or ()))


def with_options(command: Callable[..., int]) -> Callable[..., None]:
    """Give a command the shared options, gathered in its argument ``options``.

    The command returns its exit code.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [item for item in signature.parameters.values() if item.name != "options"]
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(Options, name),
            annotation=annotation,
        )
        for name, annotation in inspect.get_annotations(Options, eval_str=True).items()
    ]

    @functools.wraps(command)
    def wrapped(**values: Any) -> None:
        chosen = {item.name: values.pop(item.name) for item in shared}
        if chosen["verbose"]:
            logging.getLogger("tiefvision").setLevel(logging.INFO)
        options = Options(**chosen)
        options.require_valid()
        raise typer.Exit(command(**values, options=options))

    parameters = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in own]
    wrapped.__signature__ = inspect.Signature([*parameters, *shared])  # type: ignore[attr-defined]
    # Without this typer would read the signature of the wrapped command.
    del wrapped.__wrapped__
    return wrapped
