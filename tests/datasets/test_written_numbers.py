import pytest

from tiefvision.datasets.written_numbers import (
    plain_number,
    read_numbers,
    read_prices,
)

NONE = "is not a number"


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("49", 49.0),
        ("49.90", 49.9),
        ("49,90", 49.9),
        ("49,9", 49.9),
        ("0,5", 0.5),
        ("0.299", 0.299),
        ("12.3456", 12.3456),
        ("$49.90", 49.9),
        ("49,90 €", 49.9),
        ("49,90\u00a0€", 49.9),
        ("EUR 49,90", 49.9),
        ("US$ 49.90", 49.9),
        ("Rs. 499", 499.0),
        ("499 kr", 499.0),
        ("49,-", 49.0),
        ("49,\u2013 €", 49.0),
        ("1.299,00 €", 1299.0),
        ("$1,299.00", 1299.0),
        ("1,299", 1299.0),
        ("1.299", 1299.0),
        ("1.299.000", 1299000.0),
        ("1 299,00", 1299.0),
        ("1\u202f299,00", 1299.0),
        ("1'299.00", 1299.0),
        ("\uff14\uff19", 49.0),  # digits as wide as Chinese characters
    ],
)
def test_a_price_alone_in_its_column(text, price):
    assert read_prices([text]) == [price]


@pytest.mark.parametrize(
    "text",
    [
        *("free", "", "€", "-5", "20%", "1e3", "nan", "49.90-59.90", "12.05.2024"),
        *("1,29,900", "1.2.3", "49..90", "9" * 16, "a\0b", "49 90", "49.90 and more"),
    ],
)
def test_what_is_no_price(text):
    assert read_prices([text, "5"]) == [NONE, 5.0]


def test_a_sign_before_three_digits_is_what_the_column_shows_it_to_be():
    assert read_prices(["1.299", "2.499"]) == [1299.0, 2499.0]
    assert read_prices(["1.299", "49,90"]) == [1299.0, 49.9]
    assert read_prices(["1.299", "49.90"]) == [1.299, 49.9]
    assert read_prices(["1,299", "49.90"]) == [1299.0, 49.9]


def test_a_price_that_can_be_either_is_none():
    clear, other, unclear = read_prices(["49,90", "49.90", "1.299"])
    assert (clear, other) == (49.9, 49.9)
    assert unclear == "is 1.299 or 1299, as others have a comma and others a point"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0.0), ("-3", -3.0), ("49.90", 49.9), ("4006381333931", 4006381333931.0)],
)
def test_a_plain_number(text, number):
    assert plain_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "007", "1e3", "nan", "inf", "1,5", " 1", "1_000", "9" * 16, "٣", ".5"]
)
def test_an_id_or_another_text_is_no_plain_number(text):
    assert plain_number(text) is None


def test_a_column_is_numbers_if_every_value_is_one():
    assert read_numbers(["36", "38.5"], decimal_comma=False) == [36.0, 38.5]
    assert read_numbers(["36", "M"], decimal_comma=False) is None
    assert read_numbers(["36", "38,5"], decimal_comma=False) is None
    assert read_numbers(["36", "38,5"], decimal_comma=True) == [36.0, 38.5]
    assert read_numbers([], decimal_comma=False) == []
