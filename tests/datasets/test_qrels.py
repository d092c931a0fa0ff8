from pathlib import Path

import pytest

from tiefvision.datasets.qrels import (
    name_of,
    read_all_qrels,
    read_qrels,
    write_qrels,
)
from tiefvision.errors import BadDataset, BadUsage


def file_of(folder, text, name="qrels.tsv"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "q1 0 a 2\nq1 0 b 1\nq2 0 a 0\n",
        "q1\t0\ta\t2\nq1\t0\tb\t1\r\n\r\nq2\t0\ta\t0",
        "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t1.0\nq2\ta\t0\n",
        "\ufeffquery-id corpus-id score\nq1 a 2\nq1 a 2\n q1   b 1\nq2 a 0\n",
    ],
)
def test_the_forms_of_trec_and_beir(tmp_path, text):
    judged = read_qrels(file_of(tmp_path, text))
    assert judged == {"q1": {"a": 2.0, "b": 1.0}, "q2": {"a": 0.0}}


def test_names_with_spaces_need_tabs(tmp_path):
    judged = read_qrels(file_of(tmp_path, "a b.jpg\tc d.jpg\t-1\n"))
    assert judged == {"a b.jpg": {"c d.jpg": -1.0}}
    with pytest.raises(BadDataset, match=r"line 1: expected .* found 5 columns"):
        read_qrels(file_of(tmp_path, "a b.jpg c d.jpg 1\n"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("q1 0 a 2\nq1 a\n", "line 2: expected query"),
        ("q1\t\t2\n", "line 1: expected query"),
        ("q1 0 a much\n", "line 1: the grade 'much' is no number"),
        ("q1 0 a 2\nq1 0 b nan\n", "line 2: the grade 'nan' is no number"),
        ("q1 0 a 2\nq1 0 a 1\n", "line 2: a has grade 2 for q1 above, and 1 here"),
        ("", "judges nothing"),
        ("query-id\tcorpus-id\tscore\n", "judges nothing"),
    ],
)
def test_what_is_no_judgement_is_named_by_its_line(tmp_path, text, fault):
    with pytest.raises(BadDataset, match=fault):
        read_qrels(file_of(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(
        BadDataset, match=r"none\.tsv holds no judgements \(no such file"
    ):
        read_qrels(tmp_path / "none.tsv")
    (tmp_path / "bytes.tsv").write_bytes(b"\xff\xfe\x00q")
    with pytest.raises(BadDataset, match=r"bytes\.tsv holds no judgements"):
        read_qrels(tmp_path / "bytes.tsv")


def test_figures_are_called_by_the_name_of_the_file(tmp_path):
    assert name_of(Path("a/fine grained:1.qrels.txt")) == "fine_grained_1.qrels"
    files = [file_of(tmp_path, "q a 1", name) for name in ("fine.tsv", "coarse.txt")]
    assert list(read_all_qrels(files)) == ["fine", "coarse"]
    with pytest.raises(BadUsage, match="called fine"):
        read_all_qrels([files[0], file_of(tmp_path, "q a 1", "fine.txt")])


def test_what_is_written_is_read(tmp_path):
    judged = {"q 1.jpg": {"a.jpg": 2.0, "b.jpg": 0.5}, "q2": {"a.jpg": 1.0}}
    write_qrels(tmp_path / "new" / "all.tsv", judged)
    assert read_qrels(tmp_path / "new" / "all.tsv") == judged
