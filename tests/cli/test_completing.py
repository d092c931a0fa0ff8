"""What the shell completes, in a process of its own, without importing torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiefvision.ranking.registry import OWN

ROOT = Path(__file__).parent.parent.parent

COMPLETE = """
import sys
sys.argv = ["tiefvision"]
from tiefvision.cli.main import main
try:
    main()
finally:
    print("imported", *({"torch"} & set(sys.modules)), file=sys.stderr)
"""


def run(variables, folder=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-c", COMPLETE],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=120,
    )


def completed(line, folder=ROOT):
    """What bash would be offered behind a line."""
    words = {
        "_TIEFVISION_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = run(words, folder)
    assert done.stderr.splitlines()[-1] == "imported", done.stderr
    return done.stdout.split()


def test_commands_and_options_are_completed():
    assert completed("tiefvision sea") == ["search"]
    assert completed("tiefvision data ch") == ["check"]
    assert completed("tiefvision search --rank") == ["--ranker"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tiefvision search --ranker ", list(OWN)),
        ("tiefvision compare --ranker ga", ["gabor"]),
        ("tiefvision index shop --ranker deep", ["deeprank"]),
        ("tiefvision locate --device c", ["cpu", "cuda"]),
        ("tiefvision locate --engine ", ["auto", "openvino", "torch"]),
        ("tiefvision search --engine o", ["openvino"]),
    ],
)
def test_known_values_are_completed(line, expected, tmp_path):
    assert completed(line, tmp_path) == expected


def test_models_are_completed_by_word_and_by_folder(tmp_path):
    (tmp_path / "shop-models").mkdir()
    (tmp_path / "shop.txt").touch()
    line = "tiefvision locate --models sh"
    assert completed(line, tmp_path) == ["shipped", "shop-models/"]


def test_categories_and_rankers_are_those_of_the_workspace(trained):
    search = f"tiefvision search --workspace {trained}"
    assert completed(f"{search} --category ") == ["outfit"]
    assert "deeprank" in completed(f"{search} --ranker ")
    shipped = completed(f"{search} --models shipped --category ")
    assert len(shipped) > 1


def test_without_usable_models_no_category_is_offered(tmp_path):
    assert completed("tiefvision search --models none --category ", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(shell):
    done = run({"_TIEFVISION_COMPLETE": f"source_{shell}"})
    assert "_TIEFVISION_COMPLETE" in done.stdout
