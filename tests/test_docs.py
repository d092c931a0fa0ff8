"""The documentation tells of everything there is, and of nothing that is not there."""

import re
import subprocess
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tiefvision.cli import networks, recipes
from tiefvision.cli.main import app
from tiefvision.cli.reference import COMMAND, described_commands, render_reference
from tiefvision.ranking.registry import OWN, RANKERS
from tiefvision.triplets.sources import SAMPLINGS
from tiefvision.workspace.artifacts import STAGES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = (README, ROOT / "data" / "README.md", *sorted(ROOT.glob("docs/**/*.md")))
EXPERIMENTS = sorted((ROOT / "docs" / "experiments").glob("*.md"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MOST_LINES_OF_README = 170


def text_of(path):
    return path.read_text(encoding="utf-8")


def named(paths):
    return pytest.mark.parametrize(
        "path", paths, ids=lambda path: path.relative_to(ROOT).as_posix()
    )


def commands_of(application, prefix=""):
    """Every command's words, such as "data synth"; steps of jobs are not for people."""
    for info in application.registered_commands:
        if not info.hidden:
            yield prefix + (info.name or info.callback.__name__.replace("_", "-"))
    for group in application.registered_groups:
        yield from commands_of(group.typer_instance, f"{prefix}{group.name} ")


COMMANDS = tuple(commands_of(app))


def links_of(path):
    """(link, file, anchor) of every link to a file of this repository."""
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text_of(path)):
        file, _, anchor = link.partition("#")
        yield link, (path.parent / file).resolve() if file else path, anchor


def anchors_of(path):
    """The anchors of a document's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```$", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        yield kept.replace(" ", "-")


def test_the_readme_is_short():
    assert len(text_of(README).splitlines()) <= MOST_LINES_OF_README


def test_the_readme_has_a_row_for_every_stage():
    for number, (stage, artifact) in enumerate(STAGES.items(), start=1):
        row = re.search(
            rf"^\| {number} \| {stage} \|.*$", text_of(README), re.MULTILINE
        )
        assert row, stage
        assert artifact in row.group(), artifact


def test_the_pipeline_has_a_row_for_every_stage():
    text = text_of(ROOT / "docs" / "pipeline.md")
    for number, stage in enumerate(STAGES, start=1):
        assert re.search(rf"^\| {number} \| {stage} \|", text, re.MULTILINE), stage


def test_every_ranker_has_a_row_and_a_section():
    text = text_of(ROOT / "docs" / "rankers.md")
    for ranker in OWN:
        assert f"| [`{ranker}`](#{ranker}) |" in text, ranker
        assert f"\n## {ranker}\n" in text, ranker
    for ranker in set(RANKERS) - set(OWN):
        assert f"\n| `{ranker}` | {RANKERS[ranker].summary} |" in text, ranker


def test_the_tables_of_networks_are_those_of_the_code():
    text = text_of(ROOT / "docs" / "rankers.md")
    for system, table in networks.render_tables().items():
        assert f"\n\n{table}\n\n" in text, f"{system}. Run: {networks.COMMAND}"


def test_the_table_of_recipes_is_that_of_the_code():
    text = text_of(ROOT / "docs" / "training-rankers.md")
    assert f"\n\n{recipes.render_recipes()}\n\n" in text, f"Run: {recipes.COMMAND}"


def test_every_sampling_has_a_row_and_a_section():
    text = text_of(ROOT / "docs" / "triplets.md")
    for sampling in SAMPLINGS:
        assert f"| [`{sampling}`](#{sampling}) |" in text, sampling
        assert f"\n## {sampling}\n" in text, sampling


def test_every_command_is_used_in_the_documents():
    # The reference has them all by itself; here somebody has to have a use for them.
    texts = [text_of(path) for path in DOCUMENTS if path.name != "cli.md"]
    for command in COMMANDS:
        assert any(f"tiefvision {command}" in text for text in texts), command


@named(DOCUMENTS)
def test_commands_that_are_shown_exist(path):
    # Indented: in running text the word after the name may be any.
    shown = re.findall(
        r"^ {4}(?:\$ )?(?:\.venv/bin/)?tiefvision ([a-z]+)(?: ([a-z]+))?",
        text_of(path),
        re.MULTILINE,
    )
    for first, second in shown:
        assert first in COMMANDS or f"{first} {second}" in COMMANDS, (first, second)


@named(DOCUMENTS)
def test_options_that_are_shown_exist(path):
    options = {
        command.name: {
            spelling for entry in command.entries for spelling in entry.spellings()
        }
        for command in described_commands(app)
    }
    text = text_of(path).replace("\\\n", " ")  # a command may go on in the next line
    shown = r"^ {4}(?:\$ )?(?:\.venv/bin/)?tiefvision ([a-z][^#\n]+)"
    for line in re.findall(shown, text, re.MULTILINE):
        words = line.split()
        name = next(n for n in (" ".join(words[:2]), words[0]) if n in options)
        used = {word for word in words if word.startswith("--")}
        assert used <= options[name], line


def test_help_lists_every_command_with_a_sentence():
    done = CliRunner().invoke(app, ["--help"])
    for name in {command.split()[0] for command in COMMANDS}:
        assert re.search(rf"\b{name} +[A-Z]\w+", done.stdout), name


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_help_and_a_sentence_in_the_reference(command):
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "--help" in done.stdout
    row = rf"^\| \[`tiefvision {command}`\]\(#[\w-]+\) \| [A-Z]\w+"
    text = text_of(ROOT / "docs" / "cli.md")
    assert re.search(row, text, re.MULTILINE)


@named(DOCUMENTS)
def test_make_targets_that_are_named_exist(path):
    used = set(re.findall(r"(?:`|^ {4}(?:\$ )?)make ([a-z]+)\b", text_of(path), re.M))
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert used - {"stage"} <= targets


def test_make_alone_prints_every_target():
    done = subprocess.run(["make"], capture_output=True, text=True, cwd=ROOT)
    for target in re.findall(r"^([a-z]+):.*##", MAKEFILE, re.MULTILINE):
        assert f"make {target}" in done.stdout, target


@named(DOCUMENTS)
def test_what_is_linked_exists(path):
    for link, file, anchor in links_of(path):
        assert file.exists(), link
        if anchor:
            assert anchor in set(anchors_of(file)), link


def test_every_document_can_be_reached_from_the_readme():
    reached, waiting = set(), [README]
    while waiting:
        path = waiting.pop()
        if path not in reached and path.suffix == ".md":
            reached.add(path)
            waiting += [file for _, file, _ in links_of(path)]
    assert [path for path in DOCUMENTS if path not in reached] == []


@named(EXPERIMENTS)
def test_an_experiment_has_a_date_and_a_table(path):
    assert re.search(r"20\d\d-\d\d-\d\d", text_of(path))
    assert "|---" in text_of(path)


@named(EXPERIMENTS)
def test_an_experiment_is_listed(path):
    assert f"(experiments/{path.name})" in text_of(ROOT / "docs" / "README.md")


def test_the_folders_of_the_package_are_all_explained():
    package = ROOT / "tiefvision"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    layout = text_of(README).split("\n## Layout\n")[1].split("\n## ")[0]
    assert {name for name in folders if f"{name}/" not in layout} == set()
    contributing = text_of(ROOT / "docs" / "contributing.md")
    assert {name for name in folders if f"`{name}`" not in contributing} == set()


def test_the_reference_is_that_of_the_commands():
    written = text_of(ROOT / "docs" / "cli.md")
    assert written == render_reference(app), f"Run: {COMMAND}"


def test_the_reference_names_arguments_options_ranges_and_defaults():
    tool = typer.Typer()
    tool.command()(greet)
    tool.command()(leave)
    text = render_reference(tool, "tool")
    assert "    tool greet NAMES... [OPTIONS]" in text
    assert "| `NAMES...` | Of people. |" in text
    assert "| `--times INT` | How often. 1 or more. | `2` |" in text
    assert "| `--loud, -l` | In \\<capitals>. |  |" in text
    assert "| `--to WHERE` | A place. May come again. | required |" in text
    # An option that both commands have stands in one place.
    assert text.count("`--seed INT`") == 1
    assert text.index("`--seed INT`") < text.index("## tool greet")


def greet(
    names: Annotated[list[str], typer.Argument(help="Of people.")],
    to: Annotated[list[str], typer.Option(metavar="WHERE", help="A place.")],
    times: Annotated[int, typer.Option(min=1, help="How often.")] = 2,
    loud: Annotated[bool, typer.Option("--loud", "-l", help="In <capitals>.")] = False,
    seed: Annotated[int, typer.Option(help="Of chance.")] = 0,
) -> None:
    """Say hello."""


def leave(seed: Annotated[int, typer.Option(help="Of chance.")] = 0) -> None:
    """Say goodbye."""
