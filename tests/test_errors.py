import pytest

from tiefvision.errors import (
    BadUsage,
    TiefVisionError,
    first_reasons,
    require_known,
)


def test_a_value_that_is_known_passes():
    require_known("--within", "all", iter(("all", "category")))


def test_an_unknown_one_is_told_with_what_there_is():
    with pytest.raises(BadUsage) as told:
        require_known("--within", "town", iter(("all", "category")))
    assert str(told.value) == "--within town is unknown. Use all, category."


def test_reasons_stand_below_the_message():
    error = TiefVisionError("None can be read.", "Mend them.", ["a is bad.", "b is."])
    assert str(error) == "None can be read. Mend them.\n  a is bad.\n  b is."
    assert str(TiefVisionError("It is bad.")) == "It is bad."


@pytest.mark.parametrize(("count", "last"), [(10, "9"), (11, "and 1 more")])
def test_ten_reasons_are_told(count, last):
    told = first_reasons([str(number) for number in range(count)])
    assert told[:10] == tuple("0123456789")
    assert told[-1] == last
    assert TiefVisionError("It is bad.", reasons=["x"] * count).reasons[0] == "x"
