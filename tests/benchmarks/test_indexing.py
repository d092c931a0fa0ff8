"""The benchmark of indexing photographs, on few of them."""

from tiefvision.benchmarks.indexing import measure_indexing
from tiefvision.engines.choice import Backend
from tiefvision.models.trained import TrainedModels
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources


def test_each_step_and_the_whole_are_timed(run, dataset):
    files = sorted((dataset / "images" / "shop").glob("*.jpg"))[:3]
    models = TrainedModels(Workspace(run))
    steps = measure_indexing(files, models, Resources(Backend("cpu")))
    seconds = {step.name: step.seconds for step in steps}
    assert list(seconds) == [
        *("decode", "locate", "describe", "embed", "store", "networks", "index"),
    ]
    assert min(seconds.values()) > 0
    parts = seconds["locate"] + seconds["describe"] + seconds["embed"]
    assert seconds["networks"] == parts
