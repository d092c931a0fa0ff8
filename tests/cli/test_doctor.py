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


def test_the_table_shows_every_finding(tiefvision, trained):
    out = tiefvision("doctor", "--workspace", trained).out
    for name in STAGES.values():
        assert f"{name}.lmdb" in out
