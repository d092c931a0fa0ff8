"""Finds the stages, turns each ``Config`` into options, and runs a stage."""

import importlib
import inspect
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from tiefvision.cli.output import figure_text, print_table
from tiefvision.cli.running import guarded, say
from tiefvision.cli.streams import open_streams
from tiefvision.devices import MOST_THREADS, limit_threads, require_device
from tiefvision.engines.choice import AUTO, Backend, require_engine
from tiefvision.files import replace_text
from tiefvision.progress import choose_track
from tiefvision.store.header import Header
from tiefvision.store.limits import MAX_GIB, require_size_limit
from tiefvision.workspace.artifacts import DEFAULT_WORKSPACE, STAGES, workspace_at
from tiefvision.workspace.job import MOST_SEED, Finished, Job, Resources, input_digests

FOLDER = Path(__file__).parent

MOST_SHOWN = 11
"""Figures that a stage prints: with the line that says it is done twelve lines. The
report, whose path comes last, has all."""


@dataclass(frozen=True)
class Shared:
    """The options that all stages share."""

    workspace: Annotated[Path, "folder of the run"] = DEFAULT_WORKSPACE
    device: Annotated[str, "auto, cpu, cuda or mps"] = "auto"
    seed: Annotated[int, "seed of all random numbers", 0, MOST_SEED] = 0
    max_gib: Annotated[float, "largest size of an artifact in GiB"] = MAX_GIB
    quiet: Annotated[bool, "show no progress"] = False
    threads: Annotated[
        int, "threads of the networks; 0: as many as cores", 0, MOST_THREADS
    ] = 0
    engine: Annotated[str, "engine of trained networks: auto, openvino or torch"] = AUTO


def stage_modules() -> dict[str, str]:
    """Module of each stage by name of the stage, in the order of their numbers."""
    files = sorted(FOLDER.glob("s[0-9]*_*.py"), key=_number)
    return {path.stem.split("_", 1)[1]: f"stages.{path.stem}" for path in files}


def run_stage(name: str, config: Any, shared: Shared) -> dict[str, Any] | None:
    """Run a stage if it is due.

    Args:
        name: name of the stage.
        config: settings of the stage, an instance of its ``Config``.
        shared: options that all stages share.

    Returns:
        The report; None if the stage is up to date.
    """
    module = importlib.import_module(stage_modules()[name])
    require_device(shared.device)
    require_engine(shared.engine, shared.device)
    require_size_limit(shared.max_gib)
    limit_threads(shared.threads)
    workspace = workspace_at(shared.workspace)
    resources = Resources(
        Backend(shared.device, shared.engine, shared.threads),
        shared.seed,
        shared.max_gib,
        choose_track(quiet=shared.quiet),
    )
    header = Header(
        stage=name,
        version=module.VERSION,
        config=_plain(asdict(config)) | {"seed": shared.seed},
        inputs=input_digests(workspace, _reads(module, config))
        | _sources(module, config),
    )
    with Job(workspace, _artifact(name, module, config), header, resources) as job:
        path = job.report_path
        # The report is written last. If it is missing, the last run was killed after
        # its artifact was finished.
        if job.up_to_date and path.is_file():
            return None
        path.unlink(missing_ok=True)
        started = time.monotonic()
        figures = _finish(module, module.run(config, job), job)
    report = {
        "stage": name,
        "config": dict(header.config),
        "seconds": round(time.monotonic() - started, 1),
        "figures": figures,
    }
    replace_text(path, json.dumps(report, indent=1, ensure_ascii=False))
    return report | {"report": str(path)}


def _finish(module: ModuleType, result: Any, job: Job) -> dict[str, Any]:
    """Write the page of a stage, if it has one, and return its figures.

    A stage names the module of its page in ``PAGE`` instead of importing it, so that no
    stage depends on pages.
    """
    if not isinstance(result, Finished):
        return dict(result)
    page = job.report_path.with_name(result.page)
    importlib.import_module(module.PAGE).write_stage_page(job, result.shown, page)
    return {**result.figures, "page": str(page)}


def shown_figures(module: ModuleType, report: dict[str, Any]) -> list[list[str]]:
    """Rows of the table that a stage prints, at most ``MOST_SHOWN``.

    Args:
        module: The stage; its ``SHOWN`` holds labels by the names of figures,
            "test.mean_iou" one within another. Without it the first figures are shown.
        report: What ``run_stage`` returned.
    """
    figures = report["figures"]
    labels = {name: name.replace("_", " ") for name in figures}
    labels = getattr(module, "SHOWN", labels)
    found = [(label, _figure(figures, name)) for name, label in labels.items()]
    rows = [[label, figure_text(value)] for label, value in found if value is not None]
    return rows[:MOST_SHOWN]


def _figure(figures: Any, name: str) -> Any:
    """A figure by its name; None if the report lacks it."""
    # A whole name takes precedence over a nested one: "iou_over_0.5" contains a dot.
    if not isinstance(figures, dict):
        return None
    if name in figures:
        return figures[name]
    first, _, rest = name.partition(".")
    return _figure(figures.get(first), rest) if rest else None


def _artifact(name: str, module: ModuleType, config: Any) -> str:
    """Name of the artifact that a stage writes; its settings may choose it."""
    named: Callable[[Any], str] | None = getattr(module, "artifact", None)
    return named(config) if named else STAGES[name]


def main() -> int:
    """The entry point of ``python -m stages``."""
    open_streams()  # before libraries are imported, which may open files
    return guarded(make_app())


def make_app() -> typer.Typer:
    """Make an application with a command for each stage, by name and by number."""
    app = typer.Typer(
        help="The stages of the pipeline, in order.",
        no_args_is_help=True,
        add_completion=False,
    )
    for number, (name, module_name) in enumerate(stage_modules().items(), start=1):
        module = importlib.import_module(module_name)
        command = _command(name, module)
        summary = (module.__doc__ or "").split("\n", 1)[0]
        app.command(name, help=f"{number}. {summary}")(command)
        app.command(str(number), hidden=True, help=summary)(command)
    return app


def _command(name: str, module: ModuleType) -> Callable[..., None]:
    def command(**options: Any) -> None:
        names = {item.name for item in fields(Shared)}
        own = {key: _value(value) for key, value in options.items() if key not in names}
        common = {key: value for key, value in options.items() if key in names}
        report = run_stage(name, module.Config(**own), Shared(**common))
        if report is None:
            say(f"{name}: up to date")
        else:
            say(f"{name}: done in {report['seconds']} s")
            print_table(("", ""), shown_figures(module, report))
            say(f"The report is {report['report']}")

    parameters = [*_parameters(module.Config), *_parameters(Shared)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__doc__ = module.__doc__
    return command


def _parameters(config: type[Any]) -> list[inspect.Parameter]:
    """Turn the fields of a dataclass, each with a default, into typer options."""
    hints = get_type_hints(config, include_extras=True)
    parameters = []
    for item in fields(config):
        if item.default is MISSING:
            raise TypeError(f"{config.__module__}: {item.name} needs a default")
        kind, text, *ends = get_args(hints[item.name])
        default = item.default
        choices: tuple[str, ...] = ()
        if get_origin(kind) is tuple:
            kind, default = list[get_args(kind)[0]], list(item.default)  # type: ignore[misc]
        elif get_origin(kind) is not None:  # a Literal, which older Typers lack
            text = f"{text} ({' | '.join(get_args(kind))})"
            choices, kind = get_args(kind), str
        # By default integers are at least 1 and floats above 0. A field with another
        # range gives its inclusive ends after its help text.
        if kind in (int, list[int]) and not ends:
            ends = [1]
        least, most, *_ = [*ends, None, None]
        check = _one_of(choices)
        if kind is float:
            check = _number_in_range if ends else _positive
        parameters.append(
            inspect.Parameter(
                item.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=Annotated[
                    kind,
                    typer.Option(
                        help=text,
                        min=least,
                        max=most,
                        callback=check,
                    ),
                ],
            )
        )
    return parameters


def _positive(value: float) -> float:
    if not 0 < value < math.inf:  # false for "nan" as well
        raise typer.BadParameter(f"{value} is not a number above 0.")
    return value


def _number_in_range(value: float) -> float:
    if math.isnan(value):  # it passes typer's check of the range
        raise typer.BadParameter(f"{value} is not a number.")
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], Any] | None:
    def check(value: str) -> str:
        if value not in choices:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}.")
        return value

    return check if choices else None


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """Settings as values of JSON types."""
    plain: dict[str, Any] = json.loads(json.dumps(config, default=str))
    return plain


def _reads(module: ModuleType, config: Any) -> Sequence[str]:
    """Names of the artifacts that a stage reads; its settings may need fewer."""
    chosen: Callable[[Any], Sequence[str]] | None = getattr(module, "reads", None)
    return chosen(config) if chosen else module.READS


def _sources(module: ModuleType, config: Any) -> dict[str, str]:
    sources: Callable[[Any], dict[str, str]] | None = getattr(module, "sources", None)
    return sources(config) if sources else {}


def _number(path: Path) -> int:
    return int(path.stem.split("_", 1)[0][1:])
