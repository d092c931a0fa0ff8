import pytest

from tests.tiny_imagenet import TRAIN, VAL, WORDS, write_tiny_imagenet
from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers.tiny_imagenet import import_tiny_imagenet
from tiefvision.datasets.survival import Share, Survival
from tiefvision.errors import BadDataset


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "tiny-imagenet-200"
    write_tiny_imagenet(folder, train=2, val=1)
    return folder


def test_classes_become_categories(source, tmp_path, check):
    report = import_tiny_imagenet(source, tmp_path / "out", seed=0)
    photos = check(tmp_path / "out")
    assert report.photos_by_split == {"train": 16, "val": 8, "test": 0}
    assert report.skipped == ()
    assert report.survival == Survival(Share(24, 24), Share(0, 0), Share(0, 0))
    assert set(report.boxes_by_category) == {
        *("goldfish", "tabby", "Egyptian cat", "monarch", "cardigan"),
        *("police van", "sports car", "mushroom"),
    }
    lines = (source / "val" / "val_annotations.txt").read_text().splitlines()
    name, wnid, *ends = lines[2].split("\t")
    photo = photos[f"val/{name}"]
    assert (photo.source, photo.split, photo.item_id) == ("shop", "val", "")
    (garment,) = photo.garments
    assert (garment.category, wnid) == ("Egyptian cat", "n02124075")
    x0, y0, x1, y1 = (float(end) for end in ends)
    assert garment.box_in_image == (x0, y0, x1 + 1, y1 + 1)  # both ends are inside
    assert photos["train/n01443537/n01443537_1.JPEG"].garments[0].category == "goldfish"
    assert (TRAIN, VAL, len(WORDS)) == (14, 3, 8)


def test_classes_of_one_name_keep_their_numbers(source, tmp_path):
    words = (source / "words.txt").read_text()
    # Two cranes, and a coat that the table of groups takes for the same as a cardigan.
    words = words.replace("goldfish, Carassius auratus", "crane")
    words = words.replace("Egyptian cat", "crane").replace("mushroom", "coat")
    (source / "words.txt").write_text(words)
    report = import_tiny_imagenet(source, tmp_path / "out", seed=0)
    assert {name for name in report.boxes_by_category if "(" in name} == {
        *("crane (n01443537)", "crane (n02124075)"),
        *("cardigan (n02963159)", "coat (n07734744)"),
    }


def test_missing_pictures_and_odd_lines_are_told(source, tmp_path, check):
    (source / "train" / "n01443537" / "images" / "n01443537_0.JPEG").unlink()
    (source / "train" / "n04285008" / "n04285008_boxes.txt").unlink()
    with (source / "val" / "val_annotations.txt").open("a") as opened:
        opened.write(
            "../../secret.JPEG\tn01443537\t0\t0\t9\t9\n"
            "val_9.JPEG\tn99999999\t0\t0\t9\t9\n"
            "val_9.JPEG\tn01443537\t0\t0\t9\n"
            "val_9.JPEG\n"
        )
    report = import_tiny_imagenet(source, tmp_path / "out", seed=0)
    check(tmp_path / "out")
    assert report.survival.photos == Share(22, 21)
    no_list, *odd, climbing, missing = report.skipped
    assert no_list.endswith("n04285008_boxes.txt.")
    assert [one.split(", ")[1][:7] for one in odd] == ["line 10", "line 11", "line 12"]
    assert "line 9: the photograph 'val/images/../../secret.JPEG' climbs" in climbing
    assert missing.startswith("1 photograph is not in ")


def test_the_command_line_tells_what_is_left(source, tmp_path, capfd):
    from tiefvision.cli.main import app
    from tiefvision.cli.running import SOME_UNREADABLE, guarded

    (source / "val" / "images" / "val_0.JPEG").unlink()
    out = tmp_path / "out"
    code = guarded(app, ["data", "import", "tiny-imagenet", str(source), str(out)])
    assert code == SOME_UNREADABLE
    told = capfd.readouterr().err
    assert "Of what was published, 23 of 24 photographs survive." in told


def test_a_source_of_another_shape_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"is not Tiny ImageNet: there is no wnids"):
        import_tiny_imagenet(tmp_path, tmp_path / "out", seed=0)


def test_the_format_is_listed():
    assert FORMATS["tiny-imagenet"].convert is import_tiny_imagenet
