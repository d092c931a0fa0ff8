from dataclasses import replace

import pytest

from tiefvision.cli.running import DONE, FAILED
from tiefvision.workspace.artifacts import STAGES

SHIPPED = [
    "encoder-alexnet.safetensors",
    "locator-alexnet.safetensors",
    "heads.safetensors",
]


def findings(spoken):
    for line in spoken.lines:
        assert list(line) == ["check", "status", "detail"]
        assert line["status"] in ("ok", "note", "failed")
    return {line["check"]: line for line in spoken.lines}


def test_an_empty_workspace_is_told_what_to_run(tiefvision, tmp_path):
    spoken = tiefvision("doctor", "--workspace", tmp_path / "none", "--json")
    assert spoken.code == DONE
    found = findings(spoken)
    for number, name in enumerate(STAGES.values(), start=1):
        assert found[f"{name}.lmdb"]["detail"].startswith(
            f"missing. Run: make stage-{number} RUN="
        )
        assert found[f"{name}.lmdb"]["status"] == "note"
    assert found["lmdb"]["status"] == found["nmslib"]["status"] == "ok"
    assert "GiB free" in found["disk"]["detail"]
    assert not (tmp_path / "none").exists()


def test_shipped_files_are_loaded(tiefvision, shipped, tmp_path):
    found = findings(tiefvision("doctor", "--workspace", tmp_path, "--json"))
    for name in SHIPPED:
        assert found[name]["status"] == "ok"
        assert found[name]["detail"].startswith("ships with the package: ")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_that_is_damaged_fails(name, tiefvision, shipped, tmp_path):
    content = (shipped / name).read_bytes()
    (shipped / name).write_bytes(content[: len(content) // 2])
    spoken = tiefvision("doctor", "--workspace", tmp_path, "--json")
    assert spoken.code == FAILED
    finding = findings(spoken)[name]
    assert finding["status"] == "failed"
    assert "truncated" in finding["detail"]
    assert "Run: pip install" in finding["detail"]


@pytest.mark.parametrize("name", SHIPPED[:2])
def test_heads_that_lack_an_encoder_fail(name, tiefvision, shipped, tmp_path):
    (shipped / name).unlink()
    spoken = tiefvision("doctor", "--workspace", tmp_path, "--json")
    assert spoken.code == FAILED
    finding = findings(spoken)["heads.safetensors"]
    assert finding["status"] == "failed"
    assert f"{shipped / name}" in finding["detail"]


def test_a_full_workspace_is_fresh(tiefvision, trained):
    spoken = tiefvision("doctor", "--workspace", trained, "--json")
    assert spoken.code == DONE
    found = findings(spoken)
    for name in STAGES.values():
        assert found[f"{name}.lmdb"]["status"] == "ok"
        assert found[f"{name}.lmdb"]["detail"].startswith("fresh: ")
    assert "24 map" in found["features.lmdb"]["detail"]


def test_a_catalogue_that_was_just_indexed_is_fresh(tiefvision, run, catalogue):
    tiefvision("index", catalogue, "--workspace", run)
    found = findings(tiefvision("doctor", "--workspace", run, "--json"))
    assert found["catalogue.lmdb"]["detail"].startswith("fresh: ")


def test_an_artifact_older_than_its_inputs_is_named(tiefvision, run, run_stage):
    run_stage(run, "localise", most=1)
    found = findings(tiefvision("doctor", "--workspace", run, "--json"))
    assert found["locations.lmdb"]["status"] == "ok"
    assert (
        found["crops.lmdb"]["detail"]
        == f"older than locations. Run: make stage-6 RUN={run}"
    )


def test_a_damaged_artifact_fails(tiefvision, run):
    content = (run / "features.lmdb").read_bytes()
    (run / "features.lmdb").unlink()
    (run / "features.lmdb").write_bytes(content[: len(content) // 2])
    spoken = tiefvision("doctor", "--workspace", run, "--json")
    assert spoken.code == FAILED
    finding = findings(spoken)["features.lmdb"]
    assert finding["status"] == "failed"
    assert finding["detail"].endswith(f"Run: make stage-2 RUN={run}")


def test_the_table_is_short_and_ends_in_what_to_run(tiefvision, trained):
    spoken = tiefvision("doctor", "--workspace", trained)
    assert len(spoken.out.splitlines()) <= 8
    assert f"fresh: {', '.join(STAGES.values())}" in spoken.out
    assert "missing: catalogue. Run: tiefvision index CATALOGUE" in spoken.out
    # The gallery of the workspace's dataset can be searched.
    command = f"tiefvision search PHOTO --workspace {trained}"
    assert spoken.err == f"Everything works. Next: {command}\n"


def test_trouble_of_one_kind_is_told_once(tiefvision, tmp_path):
    spoken = tiefvision("doctor", "--workspace", tmp_path)
    (line,) = (line for line in spoken.out.splitlines() if "missing" in line)
    assert f"{', '.join(STAGES.values())}, catalogue" in line
    assert line.endswith(f"Run: make stage-1 RUN={tmp_path}")
    command = f"tiefvision index CATALOGUE --workspace {tmp_path}"
    assert spoken.err == f"Everything works. Next: {command}\n"


def test_what_fails_is_named_in_the_verdict(tiefvision, shipped, tmp_path):
    (shipped / "heads.safetensors").write_bytes(b"{")
    spoken = tiefvision("doctor", "--workspace", tmp_path)
    assert spoken.code == FAILED
    assert spoken.err == "1 thing needs mending: heads.safetensors.\n"


def test_a_locator_that_is_half_trained_is_finished_first(tiefvision, run):
    (run / "locations.lmdb").unlink()
    spoken = tiefvision("doctor", "--workspace", run)
    assert spoken.err == f"Everything works. Next: make stage-5 RUN={run}\n"


def test_everything_is_listed_if_asked_for(tiefvision, trained):
    out = tiefvision("doctor", "--workspace", trained, "-v").out
    for name in STAGES.values():
        assert f"{name}.lmdb" in out


def test_artifacts_of_an_earlier_release_are_not_fresh(trained, monkeypatch):
    from tiefvision import doctor
    from tiefvision.store.header import Header
    from tiefvision.workspace.artifacts import Workspace

    before = Header.from_json

    def of_an_earlier_release(text):
        return replace(before(text), version=0)

    monkeypatch.setattr(Header, "from_json", of_an_earlier_release)
    found = doctor.examine(Workspace(trained), in_clone=True)["workspace"]
    details = {finding.check: finding.detail for finding in found}
    assert details["crops.lmdb"] == (
        f"written by an earlier release. Run: make stage-6 RUN={trained}"
    )
