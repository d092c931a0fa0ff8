"""Limits of the machine: rates of matrix products, of copying, of decoding a JPEG.

A matrix product is the arithmetic with the most reuse of what is in the caches, so that
no network runs at a higher rate. Libraries differ, so that several compute it, and the
fastest one is the limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from tiefvision.benchmarks.measured import GIGA, Measured
from tiefvision.benchmarks.timing import Repetition, Timings, Work, time_in_turns
from tiefvision.engines.choice import OPENVINO
from tiefvision.engines.layers import Convolution, count_operations
from tiefvision.engines.protocol import Engine, Format
from tiefvision.photos.reading import photo_size, read_photo

PRODUCT_SIDE = {"cpu": 2048, "cuda": 8192, "mps": 4096}
"""Side of the square matrices by type of the device: a larger product reaches no higher
rate, and one of this size takes a fraction of a second."""

CHANNELS, MAP_SIDE = 1024, 64
"""Channels, and side in cells, of the map of a 1x1 convolution, which is the product of
matrices of 1024 x 1024 and 1024 x 4096 numbers."""

COPIED_BYTES = 2**28
"""Bytes that are copied: eight times the largest cache in common use."""

HEADING = "limits of the machine"


@dataclass(frozen=True)
class Product:
    """A matrix product; calling the object computes it.

    Attributes:
        library: name of the library that computes it, with the kind of the product.
        operations: floating-point operations of the product.
        compute: function that computes it.
    """

    library: str
    operations: int
    compute: Work

    def __call__(self) -> object:
        """Compute the product."""
        return self.compute()


@dataclass(frozen=True)
class Limits:
    """The limits of a device, measured when they are first asked for.

    Attributes:
        engines: engines by name, all of this device.
        device: torch device of the measurement.
        own_threads: whether the number of threads was chosen, which NumPy does not
            learn of.
        repetition: number of rounds of each limit; the defaults if None.
    """

    engines: Mapping[str, Engine]
    device: torch.device
    own_threads: bool = False
    repetition: Repetition | None = None

    @cached_property
    def formats(self) -> tuple[Format, ...]:
        """Number formats that are measured: those of the first engine.

        OpenVINO names those that the processor has instructions for; torch emulates
        the others, at a tenth of the speed.
        """
        return next(iter(self.engines.values())).formats()

    def product(self, number_format: Format) -> Product:
        """The matrix product that is computed at the highest rate in a format."""
        products, timings = self._timed[number_format]
        return max(products, key=lambda one: one.operations / timings[one.library].best)

    def rows(self, jpeg: Path) -> Iterator[Measured]:
        """A row for each product, for copying, and for decoding.

        Args:
            jpeg: file of a photograph.
        """
        for number_format in self.formats:
            products, timings = self._timed[number_format]
            for product in products:
                seconds = timings[product.library].best
                yield Measured(
                    f"{HEADING}: {product.library}",
                    number_format,
                    seconds,
                    product.operations / seconds / GIGA,
                    "GFLOP/s",
                )
        width, height = photo_size(jpeg)
        works: dict[str, Work] = {
            f"copying {COPIED_BYTES // 2**20} MiB": copying(self.device),
            f"decoding a JPEG of {width} x {height} px": lambda: read_photo(jpeg),
        }
        timings = time_in_turns(works, self.device, self.repetition)
        copied, decoded = (timings[name].best for name in works)
        copy, decoding = (f"{HEADING}: {name}" for name in works)
        # Every byte is read and written.
        rate = 2 * COPIED_BYTES / copied / GIGA
        yield Measured(copy, "", copied, rate, "GB/s")
        rate = width * height / decoded / 1e6
        yield Measured(decoding, "", decoded, rate, "megapixels/s")

    @cached_property
    def _timed(self) -> dict[Format, tuple[list[Product], dict[str, Timings]]]:
        timed = {}
        for number_format in self.formats:
            products = self._products(number_format)
            works: dict[str, Work] = {one.library: one for one in products}
            timings = time_in_turns(works, self.device, self.repetition)
            timed[number_format] = products, timings
        return timed

    def _products(self, number_format: Format) -> list[Product]:
        products = [matrix_product(getattr(torch, number_format), self.device)]
        if self.device.type == "cpu":
            if number_format == "float32" and not self.own_threads:
                products.append(numpy_product())
            if OPENVINO in self.engines:
                products.append(
                    convolution_product(self.engines[OPENVINO], number_format)
                )
        return products


def matrix_product(dtype: torch.dtype, device: torch.device) -> Product:
    """The product of two square matrices by torch."""
    side = PRODUCT_SIDE.get(device.type, PRODUCT_SIDE["cpu"])
    one, two = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
    return Product(f"torch, matrix product of {side}", 2 * side**3, lambda: one @ two)


def numpy_product() -> Product:
    """The product of two square float32 matrices by NumPy's BLAS."""
    side = PRODUCT_SIDE["cpu"]
    one, two = np.random.default_rng(0).random((2, side, side), dtype=np.float32)
    return Product(f"NumPy, matrix product of {side}", 2 * side**3, lambda: one @ two)


def convolution_product(engine: Engine, number_format: Format) -> Product:
    """A 1x1 convolution by OpenVINO, which offers no matrix product by itself."""
    layers = (Convolution(CHANNELS, CHANNELS, 1),)
    shape = CHANNELS, MAP_SIDE, MAP_SIDE
    drawn = np.random.default_rng(0)
    weights = {
        "0.weight": drawn.random(layers[0].weight_shape, dtype=np.float32),
        "0.bias": np.zeros(CHANNELS, dtype=np.float32),
    }
    run = engine.compile(layers, weights, CHANNELS, number_format=number_format)
    cells = drawn.random((1, *shape), dtype=np.float32)
    return Product(
        f"OpenVINO, 1x1 convolution of {CHANNELS} channels",
        count_operations(layers, shape),
        lambda: run(cells),
    )


def copying(device: torch.device) -> Work:
    """Copying of memory by all threads of torch."""
    # Not zeros: pages that were never written all map to one physical page, which
    # stays in the cache.
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a dtype without "torch.", such as "float32"."""
    return str(dtype).removeprefix("torch.")
