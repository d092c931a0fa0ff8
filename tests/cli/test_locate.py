import json
import shutil

import pytest
from PIL import Image

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, INTERRUPTED, SOME_UNREADABLE


def test_a_line_of_json_follows_the_contract(tiefvision, trained, street):
    spoken = tiefvision("locate", *street, "--workspace", trained, "--json")
    assert spoken.code == DONE
    assert [line["photo"] for line in spoken.lines] == [str(path) for path in street]
    assert any(line["garments"] for line in spoken.lines)
    for path, line in zip(street, spoken.lines, strict=True):
        assert list(line) == ["photo", "width", "height", "garments"]
        with Image.open(path) as image:
            assert (line["width"], line["height"]) == image.size
        scores = [garment["score"] for garment in line["garments"]]
        assert scores == sorted(scores, reverse=True)
        for garment in line["garments"]:
            assert list(garment) == [
                *("category", "label", "label_score", "box", "score"),
            ]
            assert garment["category"] == "outfit"
            x0, y0, x1, y1 = garment["box"]
            assert 0 <= x0 < x1 <= line["width"]
            assert 0 <= y0 < y1 <= line["height"]
            assert 0 < garment["score"] <= 1


def test_boxes_are_of_the_photograph_after_exif_rotation(
    tiefvision, trained, street, tmp_path
):
    upright, turned = tmp_path / "upright.png", tmp_path / "turned.png"
    with Image.open(street[0]) as image:
        image.save(upright)
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
        image.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    spoken = tiefvision("locate", upright, turned, "--workspace", trained, "--json")
    first, second = (line | {"photo": ""} for line in spoken.lines)
    assert first == second


def test_a_photograph_that_cannot_be_read_stops_no_other(
    tiefvision, trained, street, broken, tmp_path
):
    missing = tmp_path / "missing.jpg"
    photos = [broken, street[0], missing]
    spoken = tiefvision("locate", *photos, "--workspace", trained, "--json")
    assert spoken.code == SOME_UNREADABLE
    first, second, third = spoken.lines
    assert list(first) == list(third) == ["photo", "error"]
    assert (first["photo"], third["photo"]) == (str(broken), str(missing))
    assert str(broken) in first["error"]
    assert "no such file" in third["error"]
    assert second["photo"] == str(street[0])


def test_without_json_there_is_a_table_and_the_trouble_on_stderr(
    tiefvision, trained, street, broken
):
    spoken = tiefvision("locate", broken, street[0], "--workspace", trained)
    assert spoken.code == SOME_UNREADABLE
    assert "Skipped: " in spoken.err
    assert spoken.out.split()[:5] == ["photo", "group", "name", "box", "score"]
    assert "outfit" in spoken.out


def test_nothing_found_is_an_answer(tiefvision, trained, blank, run, run_stage):
    run_stage(run, "localise", least_score=1.1)
    spoken = tiefvision("locate", blank, "--workspace", run, "--json")
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert line["garments"] == []
    assert "nothing found" in tiefvision("locate", blank, "--workspace", run).out


def test_a_folder_stands_for_its_photographs(tiefvision, trained, catalogue):
    (catalogue / "notes.txt").write_text("no photograph")
    spoken = tiefvision("locate", catalogue, "--workspace", trained, "--json")
    assert spoken.code == DONE
    assert [line["photo"] for line in spoken.lines] == [
        str(catalogue / name)
        for name in ("a/shirt.jpg", "b/shirt.jpg", "plain.jpg", "été/服 1.jpg")
    ]


def test_a_folder_without_photographs_fails(tiefvision, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    spoken = tiefvision("locate", tmp_path / "empty", "--workspace", trained)
    assert spoken.code == FAILED
    assert "no photograph in" in spoken.err


def test_two_photographs_of_one_name_make_two_pictures(
    tiefvision, trained, catalogue, tmp_path
):
    drawn = tmp_path / "new" / "drawn"
    photos = [catalogue / "a" / "shirt.jpg", catalogue / "b" / "shirt.jpg"]
    spoken = tiefvision("locate", *photos, "--workspace", trained, "--draw", drawn)
    assert spoken.code == DONE
    assert str(drawn) in spoken.err
    pictures = sorted(drawn.glob("*.jpg"))
    assert len(pictures) == 2 and len(list(drawn.iterdir())) == 3
    for picture in pictures:
        with Image.open(picture) as image:
            image.load()
    assert pictures[0].read_bytes() != pictures[1].read_bytes()


def test_a_page_beside_the_pictures_shows_why(
    tiefvision, trained, street, broken, tmp_path
):
    photos = [broken, *street[:2]]
    plain = tiefvision("locate", *photos, "--workspace", trained, "--json")
    drawn = tiefvision(
        *("locate", *photos, "--workspace", trained, "--json"),
        *("--draw", tmp_path / "drawn"),
    )
    assert drawn.lines == plain.lines and drawn.code == SOME_UNREADABLE
    page = (tmp_path / "drawn" / "index.html").read_text("utf-8")
    assert page.count("<article") == 2 and page.count("<img") == 6
    assert all(path.name in page for path in street[:2])
    assert "Left out" not in page


def test_photographs_beyond_the_page_are_still_drawn(
    tiefvision, trained, street, tmp_path, monkeypatch
):
    monkeypatch.setattr("tiefvision.report.locating_page.MAX_PAGE_BYTES", 1)
    spoken = tiefvision(
        *("locate", *street[:2], "--workspace", trained, "--draw", tmp_path / "drawn")
    )
    assert spoken.code == DONE
    assert len(list((tmp_path / "drawn").glob("*.jpg"))) == 2
    page = (tmp_path / "drawn" / "index.html").read_text("utf-8")
    assert "Left out to keep this page small: 1 of 2 photographs." in page


def test_an_interrupted_command_leaves_a_page_of_what_was_finished(
    tiefvision, trained, street, tmp_path, monkeypatch
):
    from tiefvision.report import drawing

    save = drawing.save_drawing

    def stopped(path, photo, garments):
        if path.name.startswith("0001"):
            raise KeyboardInterrupt
        save(path, photo, garments)

    monkeypatch.setattr(drawing, "save_drawing", stopped)
    drawn = tmp_path / "drawn"
    spoken = tiefvision("locate", *street[:2], "--workspace", trained, "--draw", drawn)
    assert spoken.code == INTERRUPTED
    assert (drawn / "index.html").read_text("utf-8").count("<article") == 1


def test_pictures_that_cannot_be_written_are_one_sentence(
    tiefvision, trained, street, broken
):
    spoken = tiefvision(
        "locate", street[0], "--workspace", trained, "--draw", broken / "inside"
    )
    assert spoken.code == FAILED
    assert spoken.err.splitlines()[1].startswith("Error: ")
    assert "Traceback" not in spoken.err


def test_a_name_that_is_not_text_stops_nothing(processes, trained, street, tmp_path):
    odd = tmp_path / "\udcff.jpg"
    try:
        shutil.copy(street[0], odd)
    except OSError:
        pytest.skip("This file system takes only names that are text.")
    json_lines = processes.command("locate", odd, "--workspace", trained, "--json")
    assert json_lines.code == DONE, json_lines.stderr
    assert json.loads(json_lines.stdout)["photo"] == str(odd)
    table = processes.command("locate", odd, "--workspace", trained)
    assert table.code == DONE, table.stderr


@pytest.mark.parametrize("command", ["locate", "search"])
def test_without_trained_models_the_next_command_is_named(
    command, tiefvision, street, tmp_path
):
    spoken = tiefvision(
        *(command, street[0], "--workspace", tmp_path / "none", "--json"),
        *("--models", "workspace"),
    )
    assert (spoken.code, spoken.out) == (FAILED, "")
    none = tmp_path / "none"
    assert spoken.err.endswith(f"Run: make stage-2 RUN={none}\n")


def test_in_an_empty_workspace_the_shipped_models_locate(
    tiefvision, trained, shipped, street, tmp_path
):
    empty = tmp_path / "none"
    spoken = tiefvision("locate", *street, "--workspace", empty, "--json")
    assert spoken.code == DONE
    assert spoken.err == "Using the models that ship with tiefvision (test-1).\n"
    assert not empty.exists()
    (trained_line, *_) = tiefvision(
        "locate", *street, "--workspace", trained, "--json"
    ).lines
    (found, *_) = spoken.lines[0]["garments"]
    (expected, *_) = trained_line["garments"]
    # The bundle holds the same networks in half precision.
    assert found["category"] == expected["category"]
    assert found["box"] == pytest.approx(expected["box"], abs=2.0)
    quiet = tiefvision("locate", *street, "--workspace", empty, "--quiet", "--json")
    assert (quiet.lines, quiet.err) == (spoken.lines, "")


def test_a_folder_of_models_is_used_when_it_is_given(
    tiefvision, trained, bundle, street
):
    spoken = tiefvision(
        "locate", street[0], "--workspace", trained, "--models", bundle, "--json"
    )
    assert spoken.code == DONE
    assert spoken.err == f"Using the models in {bundle} (test-1).\n"


def test_unknown_models_are_bad_usage(tiefvision, trained, street):
    spoken = tiefvision("locate", street[0], "--workspace", trained, "--models", "best")
    assert spoken.code == BAD_USAGE
    assert "no models 'best'. Use auto, shipped, workspace" in spoken.err


def test_a_half_trained_locator_names_both_ways_on(tiefvision, run, shipped, street):
    (run / "box_regressors.lmdb").unlink()
    spoken = tiefvision("locate", street[0], "--workspace", run)
    assert spoken.code == FAILED
    assert spoken.err.endswith(
        f"Run: make stage-4 RUN={run}, or use --models shipped\n"
    )
    spoken = tiefvision("locate", street[0], "--workspace", run, "--models", "shipped")
    assert spoken.code == DONE


def test_an_artifact_of_another_encoder_is_refused(tiefvision, street, run, run_stage):
    run_stage(run, "encode", seed=1)
    spoken = tiefvision("locate", street[0], "--workspace", run)
    assert spoken.code == FAILED
    assert "crop_classifier.lmdb was made with" in spoken.err
    assert spoken.err.endswith(f"Run: make stage-3 RUN={run}\n")


def test_quiet_says_nothing(tiefvision, trained, street, tmp_path):
    spoken = tiefvision(
        *("locate", street[0], "--workspace", trained),
        *("--draw", tmp_path / "drawn", "--quiet"),
    )
    assert spoken.err == ""


def test_no_progress_where_stderr_is_no_terminal(tiefvision, trained, street):
    spoken = tiefvision("locate", *street, "--workspace", trained, "--json")
    assert spoken.err == f"Using the models of {trained}.\n"


def test_engines_find_the_same_garments(tiefvision, trained, street):
    here = ("--workspace", trained, "--json", "--device", "cpu")
    one, other = (
        tiefvision("locate", *street, *here, "--engine", engine)
        for engine in ("openvino", "torch")
    )
    assert one.code == other.code == DONE
    for mine, theirs in zip(one.lines, other.lines, strict=True):
        assert len(mine["garments"]) == len(theirs["garments"])
        for found, expected in zip(mine["garments"], theirs["garments"], strict=True):
            assert found["category"] == expected["category"]
            assert found["box"] == pytest.approx(expected["box"], abs=1)
