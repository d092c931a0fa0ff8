"""Freshness of stages, refused settings, and messages of ``python -m stages``."""

import json
import shutil

import pytest

from stages import runner
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, guarded
from tiefvision.errors import (
    BadDataset,
    MissingArtifact,
    StaleArtifact,
    StorageFull,
)
from tiefvision.workspace.artifacts import STAGES, Workspace, stage_number


def digest(workspace, name):
    with Workspace(workspace).open(name) as artifact:
        return artifact.header.digest


def command(*arguments):
    return guarded(runner.make_app(), [str(argument) for argument in arguments])


def test_the_stages_are_numbered_in_their_order():
    assert list(runner.stage_modules()) == list(STAGES)
    for name, module in runner.stage_modules().items():
        assert module == f"stages.s{stage_number(name)}_{name}"


@pytest.mark.parametrize("name", [name for name in STAGES if name != "ingest"])
def test_a_stage_names_the_stage_that_is_missing_before_it(name, tmp_path, run_stage):
    with pytest.raises(MissingArtifact, match=r"Run: make stage-1 RUN="):
        run_stage(tmp_path / "empty", name)
    assert not (tmp_path / "empty").exists()


def test_the_missing_stage_is_the_first_one_missing(run, run_stage):
    (run / "locations.lmdb").unlink()
    with pytest.raises(MissingArtifact, match=r"locations\.lmdb.*make stage-5 RUN="):
        run_stage(run, "encode_crops")


def test_a_missing_dataset_is_named(tmp_path, run_stage):
    with pytest.raises(BadDataset, match=r"no dataset at .*nowhere.*data synth"):
        run_stage(tmp_path / "run", "ingest", data=tmp_path / "nowhere")


@pytest.mark.parametrize("name", list(STAGES))
def test_a_second_run_has_nothing_to_do(name, trained, run_stage):
    before = (trained / f"{STAGES[name]}.lmdb").stat().st_mtime_ns
    assert run_stage(trained, name) is None
    assert (trained / f"{STAGES[name]}.lmdb").stat().st_mtime_ns == before


def test_another_setting_runs_again_and_back_again(run, run_stage):
    before = digest(run, "locations")
    assert run_stage(run, "localise", most=1)
    assert digest(run, "locations") != before
    assert run_stage(run, "localise")
    assert digest(run, "locations") == before


def test_another_seed_runs_again(run, run_stage):
    before = digest(run, "deeprank")
    assert run_stage(run, "train_deeprank", seed=1)
    assert digest(run, "deeprank") != before


def test_another_limit_of_storage_is_no_reason_to_run(run, run_stage):
    assert run_stage(run, "baseline", max_gib=2.0) is None


def test_a_changed_input_runs_again(run, run_stage):
    assert run_stage(run, "localise", most=1)
    assert run_stage(run, "encode_crops")
    assert run_stage(run, "encode_crops") is None


def test_another_version_of_a_stage_runs_again(run, run_stage, monkeypatch):
    from stages import s7_baseline

    monkeypatch.setattr(s7_baseline, "VERSION", s7_baseline.VERSION + 1)
    assert run_stage(run, "baseline")


def test_a_stage_that_was_killed_before_its_report_runs_again(run, run_stage):
    report = run / "reports" / "baseline.json"
    before = json.loads(report.read_text("utf-8"))
    report.unlink()
    assert run_stage(run, "baseline")
    assert json.loads(report.read_text("utf-8"))["figures"] == before["figures"]


def test_a_run_that_fails_leaves_no_report_of_an_earlier_one(run, run_stage):
    with pytest.raises(StorageFull, match="--max-gib"):
        run_stage(run, "encode_crops", max_gib=0.001, seed=2)
    assert not (run / "reports" / "encode_crops.json").exists()
    assert (run / "crops.lmdb").is_file()


def test_a_larger_limit_goes_on_where_the_smaller_one_stopped(run, run_stage):
    expected = digest(run, "crops")
    (run / "crops.lmdb").unlink()
    with pytest.raises(StorageFull, match=r"limit of 0\.002 GiB"):
        run_stage(run, "encode_crops", max_gib=0.002)
    assert not (run / "crops.lmdb").exists()
    assert (run / "crops.lmdb.partial").stat().st_size > 1_000_000
    assert run_stage(run, "encode_crops")
    assert digest(run, "crops") == expected


def test_a_damaged_artifact_is_made_anew(run, run_stage):
    expected = digest(run, "locations")
    (run / "locations.lmdb").unlink()
    (run / "locations.lmdb").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StaleArtifact, match=r"locations\.lmdb.*make stage-5"):
        run_stage(run, "encode_crops")
    assert run_stage(run, "localise")
    assert digest(run, "locations") == expected


def test_maps_of_another_encoder_are_refused(run, run_stage):
    assert run_stage(run, "encode", seed=1)
    with pytest.raises(
        StaleArtifact,
        match=r"crop_classifier\.lmdb was made with .*features.*make stage-3 RUN=",
    ):
        run_stage(run, "localise")


def test_a_stage_takes_its_report_from_its_settings(trained):
    report = json.loads((trained / "reports" / "encode.json").read_text("utf-8"))
    assert report["config"] == {
        "encoder": "alexnet",
        "weights": "random",
        "long_sides": [256],
        "border": 48,
        "made": 0,
        "precision": "float32",
        "seed": 0,
    }
    assert report["seconds"] >= 0
    assert report["figures"]["encoder"].startswith("alexnet")


@pytest.fixture
def own_dataset(dataset, tmp_path):
    """A copy of four photographs, for tests that change it."""
    root = tmp_path / "own"
    shutil.copytree(dataset / "images", root / "images")
    described = json.loads((dataset / "annotations.json").read_text("utf-8"))
    kept = sorted(described["images"], key=lambda image: image["file_name"])[:4]
    numbers = {image["id"] for image in kept}
    described["images"] = kept
    described["annotations"] = [
        item for item in described["annotations"] if item["image_id"] in numbers
    ]
    (root / "annotations.json").write_text(json.dumps(described), "utf-8")
    for path in (root / "images").rglob("*.jpg"):
        if path.relative_to(root / "images").as_posix() not in {
            image["file_name"] for image in kept
        }:
            path.unlink()
    return root


def photos_of(root):
    return sorted((root / "images").rglob("*.jpg"))


def test_a_photograph_with_changed_pixels_is_encoded_again(
    own_dataset, tmp_path, run_stage
):
    from PIL import Image

    workspace = tmp_path / "run"
    run_stage(workspace, "ingest", data=own_dataset)
    run_stage(workspace, "encode")
    before = digest(workspace, "features")
    first = photos_of(own_dataset)[0]
    with Image.open(first) as image:
        upside_down = image.transpose(Image.Transpose.ROTATE_180)
    upside_down.save(first)
    assert run_stage(workspace, "ingest", data=own_dataset)
    assert run_stage(workspace, "encode")
    assert digest(workspace, "features") != before


def test_a_touched_photograph_is_read_again_but_not_encoded(
    own_dataset, tmp_path, run_stage
):
    workspace = tmp_path / "run"
    run_stage(workspace, "ingest", data=own_dataset)
    run_stage(workspace, "encode")
    photos_of(own_dataset)[0].touch()
    assert run_stage(workspace, "ingest", data=own_dataset)
    assert run_stage(workspace, "encode") is None


def test_photographs_that_vanish_or_break_are_counted_and_left_out(
    own_dataset, tmp_path, run_stage
):
    workspace = tmp_path / "run"
    gone, broken, *_ = photos_of(own_dataset)
    run_stage(workspace, "ingest", data=own_dataset)
    gone.unlink()
    report = run_stage(workspace, "encode")
    assert (report["figures"]["encoded"], report["figures"]["skipped"]) == (3, 1)
    run_stage(workspace, "train_classifier", epochs=1)
    run_stage(workspace, "train_boxes", epochs=1)
    assert (
        sum(
            split["photographs"]
            for name, split in run_stage(workspace, "localise")["figures"].items()
            if name in ("train", "val", "test")
        )
        == 3
    )
    broken.write_bytes(broken.read_bytes()[:500])
    report = run_stage(workspace, "encode_crops")
    assert (report["figures"]["crops"], report["figures"]["skipped"]) == (2, 1)
    with Workspace(workspace).open("crops") as crops:
        (reason,) = crops.records("skipped")
    assert broken.name in reason


def test_a_dataset_that_cannot_be_used_is_refused(own_dataset, tmp_path, run_stage):
    for photo in photos_of(own_dataset):
        photo.write_bytes(b"not a photograph")
    with pytest.raises(BadDataset, match=r"cannot be used.*data check"):
        run_stage(tmp_path / "run", "ingest", data=own_dataset)


def test_an_unknown_stage_is_bad_usage(capfd):
    assert command("nosuch") == BAD_USAGE
    assert "nosuch" in capfd.readouterr().err


def test_an_unknown_option_is_bad_usage(capfd):
    assert command("encode", "--nosuch", "1") == BAD_USAGE
    assert "--nosuch" in capfd.readouterr().err


def test_a_word_for_a_number_is_bad_usage(capfd):
    assert command("train_boxes", "--epochs", "many") == BAD_USAGE
    assert "--epochs" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("stage", "option", "value"),
    [
        ("train_boxes", "--epochs", "-1"),
        ("encode", "--long-sides", "-256"),
        ("train_deeprank", "--margin", "-20"),
        ("baseline", "--seed", "-1"),
        ("localise", "--combination", "nosuch"),
        ("train_classifier", "--photos", "0"),
        ("train_deeprank", "--hardest", "0"),
        ("encode", "--long-sides", "0"),
        ("train_boxes", "--learning-rate", "nan"),
        ("localise", "--threshold", "0"),
        ("train_deeprank", "--close", "7"),
        ("train_deeprank", "--close", "-0.1"),
        ("train_deeprank", "--close", "nan"),
        ("train_deeprank", "--margin", "181"),
        ("encode", "--long-sides", "9999"),
        ("encode", "--border", "-1"),
        ("localise", "--threshold", "1.1"),
        ("localise", "--least-score", "2"),
        ("compare", "--links", "1"),  # NMSLIB fails without a reason
        ("compare", "--effort", "2147483648"),
        ("compare", "--search-effort", "0"),
        ("baseline", "--seed", "4294967296"),
        ("baseline", "--threads", "1025"),
        ("baseline", "--max-gib", "1e30"),
        ("baseline", "--max-gib", "inf"),
    ],
)
def test_a_value_out_of_range_is_bad_usage(stage, option, value, trained, capfd):
    assert command(stage, option, value, "--workspace", trained) == BAD_USAGE
    assert option in capfd.readouterr().err


def test_other_options_that_no_stage_can_use_are_bad_usage(trained, tmp_path, capfd):
    (tmp_path / "file").touch()
    for options, told in (
        (("--device", "gpu"), "no device 'gpu'"),
        (("--engine", "none"), "no engine 'none'"),
        (("--workspace", tmp_path / "file"), "is no folder"),
        (("--workspace", ""), "An argument is empty"),
    ):
        assert command("baseline", *options) == BAD_USAGE
        assert told in capfd.readouterr().err


@pytest.mark.parametrize("value", ["0", "1", "0.5"])
def test_the_ends_of_a_range_are_in_it(value, tmp_path, capfd):
    assert command(8, "--close", value, "--workspace", tmp_path) == FAILED
    assert "There is no photos.lmdb" in capfd.readouterr().err


def test_a_stage_runs_by_its_number_too(run, run_stage, capfd):
    assert command(7, "--workspace", run) == DONE
    assert "baseline: up to date" in capfd.readouterr().err
    (run / "baseline.lmdb").unlink()
    assert command(7, "--workspace", run, "--device", "cpu") == DONE
    captured = capfd.readouterr()
    assert "baseline: done in" in captured.err
    assert "reciprocal rank (test)" in captured.out
    assert len(f"{captured.out}{captured.err}".splitlines()) <= 13


def test_a_stage_without_its_inputs_fails_with_one_sentence(tmp_path, capfd):
    assert command("encode", "--workspace", tmp_path) == FAILED
    error = capfd.readouterr().err
    assert error.startswith("Error: There is no photos.lmdb")
    assert error.endswith(f"Run: make stage-1 RUN={tmp_path}\n")


SOMETIMES = {
    *("kept", "corrupt", "test_mean_over_names.ap50", "test_labels.right"),
    "test_empty.false_alarms",
}


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_prints_a_few_figures_and_the_path_of_its_report(
    name, trained, run_stage
):
    import importlib

    path = Workspace(trained).report_path(name)
    report = json.loads(path.read_text("utf-8"))
    module = importlib.import_module(runner.stage_modules()[name])
    rows = runner.shown_figures(module, report)
    assert 2 <= len(rows) <= 11
    for label, text in rows:
        assert label and text
        assert "{" not in text
    labels = getattr(module, "SHOWN", {})
    assert len(set(labels.values())) == len(labels)
    for figure in labels:
        # What only some runs have may be missing here; the others must be there.
        found = runner._figure(report["figures"], figure)
        assert found is not None or figure in SOMETIMES


def test_a_figure_is_found_by_its_name_whatever_dots_it_has():
    figures = {"test": {"iou_over_0.5": 0.75}, "a.b": 1}
    assert runner._figure(figures, "test.iou_over_0.5") == 0.75
    assert runner._figure(figures, "a.b") == 1
    assert runner._figure(figures, "test.other") is None
    assert runner._figure(figures, "none.other") is None
