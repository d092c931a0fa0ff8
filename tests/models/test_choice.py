import pytest

from tiefvision.errors import BadUsage, BadWeights, MissingArtifact
from tiefvision.models.bundle import Bundle
from tiefvision.models.choice import LOCATOR, choose_models
from tiefvision.models.trained import TrainedModels
from tiefvision.workspace.artifacts import Workspace


def test_a_trained_workspace_is_used(trained, shipped):
    workspace = Workspace(trained)
    assert choose_models(workspace) == TrainedModels(workspace)
    assert choose_models(workspace, "workspace") == TrainedModels(workspace)


def test_the_shipped_models_are_used_where_nothing_was_trained(
    shipped, tmp_path, run_stage
):
    workspace = Workspace(tmp_path / "none")
    for _ in range(2):
        chosen = choose_models(workspace)
        assert isinstance(chosen, Bundle)
        assert chosen.heads.path.parent == shipped
        run_stage(workspace.root, "ingest")  # which trains nothing


@pytest.mark.parametrize("name", LOCATOR)
def test_a_half_trained_locator_is_refused(name, run, shipped):
    workspace = Workspace(run)
    workspace.path(name).unlink()
    with pytest.raises(MissingArtifact, match=f"no {name}.lmdb") as caught:
        choose_models(workspace)
    assert caught.value.fix.endswith(", or use --models shipped")
    assert isinstance(choose_models(workspace, "shipped"), Bundle)


def test_the_first_stage_that_is_missing_is_named(run):
    workspace = Workspace(run)
    for name in LOCATOR[1:3]:
        workspace.path(name).unlink()
    with pytest.raises(MissingArtifact, match=r"Run: make stage-3 RUN=.*, or"):
        choose_models(workspace)


def test_a_folder_is_a_bundle_or_refused(bundle, trained, tmp_path):
    workspace = Workspace(trained)
    assert isinstance(choose_models(workspace, str(bundle)), Bundle)
    with pytest.raises(BadWeights, match=r"no weights file at .*heads\.safetensors"):
        choose_models(workspace, str(tmp_path))
    with pytest.raises(BadUsage, match="no models 'mine'"):
        choose_models(workspace, "mine")
