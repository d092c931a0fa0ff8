"""A stage that is killed at any point and continued writes the same artifact."""

import os
import signal
from dataclasses import asdict

import pytest

from tiefvision.workspace.artifacts import STAGES, Workspace

RUN = """
import importlib
from pathlib import Path
from stages import runner
module = importlib.import_module(runner.stage_modules()[name])
kinds = {"data": Path, "long_sides": tuple, "categories": tuple}
options = {key: kinds.get(key, lambda v: v)(value) for key, value in options.items()}
seed = options.pop("seed", 0)
shared = runner.Shared(Path(workspace), "cpu", seed, 1.0, quiet=True)
runner.run_stage(name, module.Config(**options), shared)
"""

AFTER_COMMITS = """
import os, signal
from tiefvision.store.artifact import ArtifactWriter
write, done = ArtifactWriter.write, []
def write_and_count(self, *args, **kwargs):
    write(self, *args, **kwargs)
    done.append(1)
    if len(done) == commits:
        os.kill(os.getpid(), signal.SIGKILL)
ArtifactWriter.write = write_and_count
"""

BEFORE_RENAME = """
import os, signal
from pathlib import Path
replace = Path.replace
def replace_or_die(self, target):
    if self.name.endswith(".lmdb.partial"):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = replace_or_die
"""

BEFORE_REPORT = """
import os, signal
from stages import runner
runner.replace_text = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
"""

AFTER_SECONDS = """
import os, signal, threading
timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
timer.daemon = True
timer.start()
"""

KILLED = -signal.SIGKILL


@pytest.fixture
def stage(trained, tmp_path, processes, settings, dataset):
    """A workspace with what a stage reads, and a function that runs the stage in it."""

    class Stage:
        def __init__(self, name):
            self.name = name
            self.workspace = Workspace(tmp_path / "run")
            self.options = settings.get(name, {})
            if name == "ingest":
                self.options = {"data": dataset}
            before = list(STAGES.values())[: list(STAGES).index(name)]
            self.workspace.root.mkdir()
            for artifact in before:
                os.link(trained / f"{artifact}.lmdb", self.workspace.path(artifact))

        def run(self, before="", **values):
            return processes.run(
                before + RUN,
                name=self.name,
                options=self.options,
                workspace=self.workspace.root,
                **values,
            ).code

        @property
        def partial(self):
            path = self.workspace.path(STAGES[self.name])
            return path.with_name(path.name + ".partial")

        def is_as_undisturbed(self):
            name = STAGES[self.name]
            with (
                self.workspace.open(name) as artifact,
                Workspace(trained).open(name) as undisturbed,
            ):
                mine, other = asdict(artifact.header), asdict(undisturbed.header)
            assert self.workspace.report_path(self.name).is_file()
            assert not self.partial.exists()
            curves = [
                report.with_suffix(".csv").read_bytes()
                for report in (
                    self.workspace.report_path(self.name),
                    Workspace(trained).report_path(self.name),
                )
                if self.name.startswith("train_")
            ]
            assert len(set(curves)) <= 1  # no epoch is missing or told twice
            return all(mine[key] == other[key] for key in ("digest", "count", "layout"))

    return Stage


COMMITS = {
    "encode": (1, 13, 10),
    "encode_crops": (1, 13, 10),
    "train_classifier": (1, 7, 5),
    "train_boxes": (1, 7, 5),
    "train_deeprank": (1, 9, 6),
    "ingest": (1,),
    "localise": (1,),
    "baseline": (1, 2),
    "compare": (1, 2, 3),
}
"""Commits before each kill. Of the first five they add up to all that an undisturbed
run makes but the last."""

LONG = list(COMMITS)[:5]


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_that_is_killed_between_commits_goes_on(name, stage):
    killed = stage(name)
    for commits in COMMITS[name]:
        assert killed.run(AFTER_COMMITS, commits=commits) == KILLED
        assert killed.partial.exists()
        assert not killed.workspace.holds(STAGES[name])
    if name in LONG:
        # What was finished is not done again: this would end a run that began anew.
        assert killed.run(AFTER_COMMITS, commits=sum(COMMITS[name])) == 0
    else:
        assert killed.run() == 0
    assert killed.is_as_undisturbed()


@pytest.mark.parametrize("name", ["ingest", "encode", "train_deeprank", "compare"])
def test_a_stage_that_is_killed_at_its_end_goes_on(name, stage):
    killed = stage(name)
    assert killed.run(BEFORE_RENAME) == KILLED
    assert not killed.workspace.holds(STAGES[name])
    assert killed.run(BEFORE_REPORT) == KILLED
    assert killed.workspace.holds(STAGES[name])
    assert killed.run() == 0
    assert killed.is_as_undisturbed()


@pytest.mark.parametrize("name", ["encode_crops", "train_boxes"])
def test_a_stage_that_is_killed_at_any_moment_goes_on(name, stage):
    killed = stage(name)
    codes = [killed.run(AFTER_SECONDS, seconds=0.15 * n) for n in (1, 2, 3)]
    assert codes[0] == KILLED
    assert killed.run() == 0
    assert killed.is_as_undisturbed()
