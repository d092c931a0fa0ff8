"""What ``tiefvision doctor`` finds; tests/cli/test_doctor.py runs the command."""

import importlib.metadata
import shutil
from collections import namedtuple

import pytest

from tiefvision import doctor
from tiefvision.doctor import Finding, examine, verdict
from tiefvision.workspace.artifacts import STAGES, Workspace

INSTALLED = {"numpy": "2.1.0", "torch": "2.6.0+cpu"}
REQUIRED = [
    "torch<3,>=2.6",
    "numpy>=1.26,<3",
    'pytest<10,>=8.3; extra == "dev"',
]


@pytest.fixture
def installed(monkeypatch):
    """Stands for what is installed: versions by name, which a test may change."""
    versions = dict(INSTALLED)

    def version(name):
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: REQUIRED)
    return versions


def findings(folder, **options):
    groups = examine(Workspace(folder), **options)
    assert list(groups) == ["package", "device", "models", "workspace", "disk"]
    found = [finding for group in groups.values() for finding in group]
    assert len({finding.check for finding in found}) == len(found)
    return {finding.check: finding for finding in found}


def finding(status, check="torch"):
    return Finding(check, status, "")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], "Everything works. Next: tiefvision index CATALOGUE"),
        (
            [finding("ok"), finding("note", "cuda")],
            "Everything works. Next: tiefvision index CATALOGUE",
        ),
        (
            [finding("note", "catalogue.lmdb")],
            "Everything works. Next: tiefvision index CATALOGUE",
        ),
        (
            [finding("ok", "catalogue.lmdb")],
            "Everything works. Next: tiefvision search PHOTO",
        ),
        (
            [finding("ok", "catalogue.lmdb"), finding("failed", "lmdb")],
            "1 thing needs mending: lmdb.",
        ),
        (
            [finding("failed", "lmdb"), finding("failed", "disk")],
            "2 things need mending: lmdb, disk.",
        ),
    ],
)
def test_the_findings_come_to_a_sentence(found, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where the default workspace is empty
    assert verdict(found, Workspace()) == sentence


def test_the_next_command_names_the_workspace(tmp_path):
    sentence = verdict([finding("ok", "catalogue.lmdb")], Workspace(tmp_path))
    assert sentence.endswith(f"tiefvision search PHOTO --workspace {tmp_path}")


def test_every_dependency_is_found_and_those_for_developers_are_not(
    installed, tmp_path
):
    found = findings(tmp_path)
    assert found["torch"] == Finding("torch", "ok", "2.6.0+cpu")
    assert found["numpy"] == Finding("numpy", "ok", "2.1.0")
    assert "pytest" not in found


@pytest.mark.parametrize("version", ["1.25.9", "1.9", "0.99.1.dev3"])
def test_a_dependency_that_is_too_old_fails(version, installed, tmp_path):
    installed["numpy"] = version
    detail = f"{version} is too old. Run: pip install 'numpy>=1.26,<3'"
    assert findings(tmp_path)["numpy"] == Finding("numpy", "failed", detail)


@pytest.mark.parametrize("version", ["1.26", "1.26.0", "1.100", "2.0rc1"])
def test_versions_are_compared_number_by_number(version, installed, tmp_path):
    installed["numpy"] = version
    assert findings(tmp_path)["numpy"].status == "ok"


def test_a_dependency_that_is_missing_fails_with_what_installs_it(installed, tmp_path):
    del installed["torch"]
    found = findings(tmp_path)
    detail = "not installed. Run: pip install 'torch<3,>=2.6'"
    assert found["torch"] == Finding("torch", "failed", detail)
    sentence = verdict(list(found.values()), Workspace(tmp_path))
    assert sentence == "1 thing needs mending: torch."


def test_run_from_its_source_the_dependencies_are_unknown(monkeypatch, tmp_path):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert findings(tmp_path)["package"].status == "note"


def test_a_card_without_a_build_for_it_is_noted(installed, tmp_path, monkeypatch):
    driver = tmp_path / "driver"
    monkeypatch.setattr(doctor, "NVIDIA_DRIVER", driver)
    said = findings(tmp_path)["cuda"]
    assert (said.status, said.detail[:16]) == ("note", "no NVIDIA driver")
    driver.touch()
    said = findings(tmp_path)["cuda"]
    assert said.status == "note"
    assert "torch 2.6.0+cpu is a build without CUDA" in said.detail
    installed["torch"] = "2.6.0+cu124"
    detail = "an NVIDIA driver, and torch 2.6.0+cu124"
    assert findings(tmp_path)["cuda"] == Finding("cuda", "ok", detail)


@pytest.mark.parametrize(("free", "status"), [(1.9, "failed"), (2.1, "ok")])
def test_a_disk_that_is_nearly_full_fails(free, status, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, int(free * 2**30)))
    said = findings(tmp_path / "not" / "yet")["disk"]
    assert (said.status, said.detail) == (status, f"{free:.1f} GiB free")


def test_in_a_clone_every_artifact_is_advised(tmp_path):
    found = findings(tmp_path, in_clone=True)
    for number, name in enumerate(STAGES.values(), start=1):
        detail = f"missing. Run: make stage-{number} RUN={tmp_path}"
        assert found[f"{name}.lmdb"] == Finding(f"{name}.lmdb", "note", detail)
    index = f"missing. Run: tiefvision index CATALOGUE --workspace {tmp_path}"
    assert found["catalogue.lmdb"].detail == index


def test_outside_a_clone_the_catalogue_alone_is_advised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = findings(tmp_path)
    assert [name for name in found if name.endswith(".lmdb")] == ["catalogue.lmdb"]
    assert found["catalogue.lmdb"].detail.startswith("missing. Run: tiefvision index")


def test_outside_a_clone_no_stage_is_advised_for_what_is_there(
    run, run_stage, tmp_path, monkeypatch
):
    """An artifact that is damaged and one that is old are told, without ``make``."""
    run_stage(run, "localise", most=1)
    content = (run / "features.lmdb").read_bytes()
    (run / "features.lmdb").unlink()
    (run / "features.lmdb").write_bytes(content[: len(content) // 2])
    monkeypatch.chdir(tmp_path)
    found = findings(run)
    assert found["crops.lmdb"] == Finding("crops.lmdb", "note", "older than locations.")
    assert found["features.lmdb"].status == "failed"
    assert "truncated" in found["features.lmdb"].detail
    assert found["photos.lmdb"].status == "ok"
    assert not any("make " in item.detail for item in found.values())
    # The same workspace seen from a clone.
    here = findings(run, in_clone=True)
    assert here["crops.lmdb"].detail.endswith(f" Run: make stage-6 RUN={run}")
    assert here["features.lmdb"].detail.endswith(f" Run: make stage-2 RUN={run}")


def test_networks_that_were_trained_here_are_listed(run, put_network, monkeypatch):
    put_network(run, "mildnet-small", 1 / 32)
    found = findings(run, in_clone=True)
    assert found["mildnet-small.lmdb"].status == "ok"
    assert found["mildnet-small.lmdb"].detail == "fresh: 1 training, 1 weights"
    # A network takes no stage, so that its command is told outside a clone as well.
    content = (run / "mildnet-small.lmdb").read_bytes()
    (run / "mildnet-small.lmdb").write_bytes(content[: len(content) // 2])
    (run / "deeprank-cells.lmdb").write_bytes(b"")
    monkeypatch.chdir(run)
    found = findings(run)
    damaged = found["mildnet-small.lmdb"]
    command = f"tiefvision train mildnet --name mildnet-small --workspace {run}"
    assert damaged.status == "failed"
    assert damaged.detail.endswith(f"truncated. Run: {command}")
    assert found["deeprank-cells.lmdb"].status == "failed"
    assert "make" not in found["deeprank-cells.lmdb"].detail
    here = findings(run, in_clone=True)["deeprank-cells.lmdb"].detail
    assert here.endswith('ARGS="--name deeprank-cells"')
    report = run / "reports" / "train_ranker-mildnet-small.json"
    report.write_text("{}")
    told = findings(run)["mildnet-small.lmdb"].detail
    assert f"; its settings are in {report}. Run: {command}" in told


def test_a_network_older_than_the_crops_is_noted(run):
    from tiefvision.store.artifact import Artifact, ArtifactWriter
    from tiefvision.store.header import Header

    inputs = {"photos": "of another dataset", "triplets": "of a file"}
    header = Header("train_ranker", 1, {}, inputs)
    with ArtifactWriter(run / "mildnet.lmdb", header, 0.1) as writer:
        writer.write({}, {"training/history": []})
        writer.finish(details={})
    with Artifact(run / "mildnet.lmdb") as artifact:
        assert artifact.header.inputs == inputs
    command = f"tiefvision train mildnet --workspace {run}"
    detail = f"older than photos. Run: {command}"
    assert findings(run)["mildnet.lmdb"] == Finding("mildnet.lmdb", "note", detail)


def test_a_finding_as_json():
    made = Finding("disk", "ok", "9.0 GiB free").to_dict()
    assert made == {"check": "disk", "status": "ok", "detail": "9.0 GiB free"}
