"""The README tells of every stage and command, and tells nothing that is not there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tiefvision.workspace.artifacts import STAGES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMMANDS = (
    "locate",
    "index",
    "search",
    "compare",
    "models",
    "distil",
    "tune",
    "quality",
    "bench",
    "doctor",
    "data",
)


def _help(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_readme_has_a_row_for_every_stage():
    for number, (stage, artifact) in enumerate(STAGES.items(), start=1):
        row = re.search(rf"^\| {number} \| {stage} \|.*$", README, re.MULTILINE)
        assert row, stage
        assert artifact in row.group(), artifact


def test_readme_names_every_command():
    for command in COMMANDS:
        assert re.search(rf"tiefvision {command}\b", README), command


def test_help_lists_every_command_with_a_sentence():
    text = _help("tiefvision")
    for command in COMMANDS:
        assert re.search(rf"\b{command} +[A-Z]\w+", text), command


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_have_help(command):
    assert "--help" in _help("tiefvision", command)


def test_make_targets_named_in_the_readme_exist():
    named = set(re.findall(r"make ([a-z]+)\b", README))
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert named - {"stage"} <= targets


def test_make_alone_prints_every_target():
    done = subprocess.run(["make"], capture_output=True, text=True, cwd=ROOT)
    for target in re.findall(r"^([a-z]+):.*##", MAKEFILE, re.MULTILINE):
        assert f"make {target}" in done.stdout, target


def test_paths_linked_in_the_readme_exist():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_experiment_has_a_date_and_a_table():
    for path in (ROOT / "docs" / "experiments").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert re.search(r"20\d\d-\d\d-\d\d", text), path.name
        assert "|---" in text, path.name
