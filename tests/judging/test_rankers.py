import pytest

from tiefvision.engines.choice import Backend
from tiefvision.errors import BadUsage, StaleArtifact
from tiefvision.judging.rankers import load_compared, require_comparable
from tiefvision.models.bundle import read_bundle
from tiefvision.models.trained import TrainedModels
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

CPU = Backend("cpu")


def check(run, models, *names, elsewhere=False):
    require_comparable(Workspace(run), models, names, Resources(CPU), elsewhere)


def test_a_bundle_fits_the_workspace_that_it_was_exported_from(run, bundle):
    """The bundle is accepted although its encoder is rounded to half precision."""
    check(run, read_bundle(bundle), "cosine", "deeprank")
    check(run, read_bundle(bundle), "mix", "pca", elsewhere=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [({"seed": 9}, r"random \(seed 9\)"), ({"grid": 5}, "5 x 5 cells, .* 11 x 11")],
    ids=["another encoder", "another grid"],
)
def test_a_bundle_does_not_fit_other_crops(change, named, run, run_stage, bundle):
    run_stage(run, "encode_crops", **change)
    models = read_bundle(bundle)
    with pytest.raises(StaleArtifact, match=f"{named}.*deeprank.* --data .*dataset"):
        check(run, models, "cosine", "deeprank")
    with pytest.raises(StaleArtifact, match=r"pca, mix .*Leave out pca, mix, "):
        check(run, models, "pca", "lab", "mix", elsewhere=True)
    with pytest.raises(StaleArtifact, match="deeprank"):
        load_compared(Workspace(run), models, ["deeprank"], Resources(CPU))
    # Rankers that do not compare both kinds of maps are accepted.
    check(run, models, "cosine", "pca", "mix")
    check(run, models, "cosine", "deeprank", "gabor", "blobs", elsewhere=True)
    check(run, TrainedModels(Workspace(run)), "pca", elsewhere=True)


def test_the_same_encoder_from_elsewhere_fits(run, run_stage, bundle):
    """Encoders are compared by their identity, not by their path."""
    file = bundle / "encoder-alexnet.safetensors"
    run_stage(run, "encode_crops", weights=str(file))
    check(run, read_bundle(bundle), "deeprank")
    check(run, read_bundle(bundle), "pca", elsewhere=True)


def test_an_unknown_ranker_is_named(run, bundle):
    with pytest.raises(BadUsage, match=r"no ranker magic\. Use cosine"):
        check(run, read_bundle(bundle), "magic", elsewhere=True)
