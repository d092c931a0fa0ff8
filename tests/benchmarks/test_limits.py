import pytest

from tiefvision.benchmarks.limits import Limits, Product
from tiefvision.benchmarks.timing import Timings


def test_every_library_at_hand_computes_a_product(limits_of, drawn_photo):
    *products, copying, decoding = limits_of("openvino", "torch").rows(drawn_photo)
    in_float32 = [row.step for row in products if row.dtype == "float32"]
    assert in_float32 == [
        "torch, matrix product of 16",
        "NumPy, matrix product of 16",
        "OpenVINO, 1x1 convolution of 8 channels",
    ]
    counts = [2 * 16**3, 2 * 16**3, 2 * 8 * 8 * 4 * 4]
    for row, operations in zip(products, counts, strict=False):
        assert row.rate == pytest.approx(operations / row.seconds / 1e9)
    assert copying.step == "copying 1 MiB"
    assert copying.rate == pytest.approx(2 * 2**20 / copying.seconds / 1e9)
    assert decoding.step == "decoding a JPEG of 550 x 825 px"
    assert decoding.rate == pytest.approx(550 * 825 / decoding.seconds / 1e6)


def test_numpy_is_left_out_if_threads_were_chosen(limits_of):
    limits = limits_of("torch", own_threads=True)
    timed = {one.library for one in limits._timed["float32"][0]}
    assert timed == {"torch, matrix product of 16"}


def test_the_limit_is_the_highest_rate(limits_of):
    limits = limits_of("torch")
    slow = Product("slow", 100, lambda: None)
    fast = Product("fast", 300, lambda: None)
    timings = {"slow": Timings((1.0, 1.0)), "fast": Timings((2.0, 3.0))}
    limits.__dict__["_timed"] = {"float32": ([slow, fast], timings)}
    assert limits.product("float32") is fast


def test_products_are_timed_once(limits_of):
    limits = limits_of("torch")
    assert limits.product("float32") is limits.product("float32")


def test_formats_are_those_of_the_first_engine():
    class Engine:
        def __init__(self, *formats):
            self.formats = lambda: formats

    engines = {"one": Engine("float32"), "two": Engine("float32", "bfloat16")}
    assert Limits(engines, None).formats == ("float32",)
