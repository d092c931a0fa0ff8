"""The examples of docs/products.md are what the code makes of them."""

import re
from pathlib import Path

import pytest

from tiefvision.catalogue.where import fields_of, parse_where
from tiefvision.datasets.products import read_products
from tiefvision.datasets.written_numbers import read_prices
from tiefvision.errors import BadUsage
from tiefvision.groups import known_group

PAGE = Path(__file__).parent.parent / "docs" / "products.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks_of(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def table_under(header):
    """The cells of a table's rows."""
    rows = TEXT.split(f"\n{header}\n")[1].split("\n\n")[0].splitlines()[1:]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


def codes(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture
def products(tmp_path):
    (table,) = blocks_of("csv")
    (tmp_path / "items.csv").write_text(table, encoding="utf-8")
    files = re.findall(r"^(\S+\.jpg),", table, re.MULTILINE)
    return read_products(tmp_path, {file: file for file in files}, folders=True)


@pytest.fixture
def rows(products):
    return [
        fields_of(told.item, photo, told.group, told.variant, told.columns)
        for photo, told in products.photos.items()
    ]


def test_the_table_is_read_without_a_problem(products):
    assert products.problems == ()
    assert products.photos["dresses/vd01-back.jpg"].columns["price"] == 49.9
    assert products.photos["coats/wc07.jpg"].columns["title"] == "Wool coat, long"
    listed = {
        name for row in table_under("| column | what it is |") for name in row[:1]
    }
    named = {name for cell in listed for name in codes(cell)}
    assert {"file", "item", *products.columns} - named == {"season", "stock"}


def test_conditions_find_what_is_said_of_them(rows):
    examples = table_under("| condition | finds |")
    assert len(examples) > 9
    for condition, items in examples:
        (text,) = codes(condition)
        where = parse_where(text)
        where.require_known({name for row in rows for name in row})
        found = dict.fromkeys(row["item"] for row in rows if where.test(row))
        assert list(found) == items.split(), condition


def test_errors_are_those_that_are_shown(products):
    for block in blocks_of("text"):
        condition = block.splitlines()[1].strip()
        with pytest.raises(BadUsage) as error:
            parse_where(condition).require_known(products.columns)
        assert f"{error.value}\n" == block


def test_prices_and_groups_are_those_that_are_shown():
    columns = table_under("| column | numbers |")
    assert len(columns) > 5
    for texts, numbers in columns:
        expected = [float(number) for number in numbers.split(" · ")]
        assert read_prices(codes(texts)) == expected
    groups = table_under("| category | group |")
    assert len(groups) > 3
    for category, group in groups:
        assert known_group(*codes(category)) == "".join(codes(group))
