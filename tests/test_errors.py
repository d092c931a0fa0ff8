import pytest

from tiefvision.errors import BadUsage, require_known


def test_a_value_that_is_known_passes():
    require_known("--within", "all", iter(("all", "category")))


def test_an_unknown_one_is_told_with_what_there_is():
    with pytest.raises(BadUsage) as told:
        require_known("--within", "town", iter(("all", "category")))
    assert str(told.value) == "--within town is unknown. Use all, category."
