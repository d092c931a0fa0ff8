from pathlib import Path

import pytest

from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.workspace.artifacts import (
    CATALOGUE,
    STAGES,
    Workspace,
    command_for,
    stage_number,
)


def test_stages_are_counted_from_one():
    assert stage_number("ingest") == 1
    assert stage_number("compare") == len(STAGES) == 9


def test_every_artifact_has_a_command():
    commands = [command_for(name) for name in STAGES.values()]
    assert commands == [f"make stage-{number}" for number in range(1, 10)]
    assert command_for(CATALOGUE) == "tiefvision index CATALOGUE"
    assert command_for("mildnet") == "tiefvision train mildnet"
    command = "tiefvision train 1024_512 --name 1024_512-half --workspace 'my run'"
    assert command_for("1024_512-half", Path("my run")) == command


def test_a_workspace_need_not_exist(tmp_path):
    workspace = Workspace(tmp_path / "none")
    assert not workspace.holds("photos")
    with pytest.raises(
        MissingArtifact, match=r"photos\.lmdb in .*none.*make stage-1 RUN="
    ):
        workspace.open("photos")
    assert not workspace.root.exists()


def test_an_artifact_of_something_else_is_refused_with_its_command(tmp_path):
    (tmp_path / "crops.lmdb").write_bytes(b"nonsense" * 4096)
    with pytest.raises(StaleArtifact, match=r"crops\.lmdb.*Run: make stage-6 RUN="):
        Workspace(tmp_path).open("crops")
