"""Commands that are hinted at can be pasted: they repeat the options that matter."""

from pathlib import Path

import pytest

from tiefvision.cli.options import Options
from tiefvision.cli.running import DONE, FAILED
from tiefvision.models.bundle_writing import write_bundle
from tiefvision.workspace.artifacts import Workspace, command_for


@pytest.mark.parametrize(
    ("workspace", "models", "expected"),
    [
        ("data/run", "auto", ""),
        ("my run", "auto", " --workspace 'my run'"),
        ("data/run", "shipped", " --models shipped"),
        ("nows", "my models", " --workspace nows --models 'my models'"),
    ],
)
def test_options_are_repeated_where_they_differ(workspace, models, expected):
    assert Options(Path(workspace)).repeated(models) == expected


def test_a_workspace_with_a_space_is_quoted():
    assert command_for("catalogue", Path("my run")) == (
        "tiefvision index CATALOGUE --workspace 'my run'"
    )
    assert command_for("crops", Path("my run")) == "make stage-6 RUN='my run'"


def test_without_a_catalogue_the_models_are_repeated(
    tiefvision, trained, street, tmp_path
):
    bundle, none = tmp_path / "my models", tmp_path / "none"
    write_bundle(Workspace(trained), bundle, "mine")
    search = ("search", street[0], "--workspace", none)
    hint = f"Run: tiefvision index CATALOGUE --workspace {none}"
    spoken = tiefvision(*search, "--models", bundle)
    assert spoken.code == FAILED
    assert spoken.err.endswith(f"{hint} --models '{bundle}'\n")
    # It is what the workspace uses anyway.
    assert tiefvision(*search, "--models", "shipped").err.endswith(f"{hint}\n")


def test_what_a_command_suggests_next_names_the_workspace(tiefvision, tmp_path):
    folder, run = tmp_path / "a dataset", tmp_path / "run"
    synth = ("data", "synth", folder, "--items", 1, "--street", 1)
    spoken = tiefvision(*synth, "--workspace", run)
    assert spoken.code == DONE
    assert spoken.err.endswith(f"Next: make stage-1 DATA='{folder}' RUN={run}\n")
    spoken = tiefvision(*synth)
    assert spoken.err.endswith(f"Next: make stage-1 DATA='{folder}'\n")
