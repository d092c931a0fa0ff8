"""Limits of the machine: the rates of large matrix products and of copying memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.operations import GIGA
from tiefvision.benchmarks.timing import Repetition, time_in_turns

PRODUCT_SIDE = {"cpu": 2048, "cuda": 8192, "mps": 4096}
"""Side of the square matrices by type of the device: a larger product reaches no higher
rate, and one of this size takes a fraction of a second."""

COPIED_BYTES = 2**28
"""Bytes that are copied: eight times the largest cache in common use."""


@dataclass(frozen=True)
class MatrixProduct:
    """The product of two square matrices; calling the object computes it.

    Attributes:
        one: first matrix, (n, n).
        two: second matrix, (n, n).
    """

    one: Tensor
    two: Tensor

    def __call__(self) -> Tensor:
        """Compute the product, (n, n)."""
        return self.one @ self.two

    @property
    def operations(self) -> int:
        """Floating-point operations of the product."""
        return int(2 * self.one.shape[0] ** 3)


def matrix_product(dtype: torch.dtype, device: torch.device) -> MatrixProduct:
    """A matrix product whose rate is the limit of arithmetic in a dtype."""
    side = PRODUCT_SIDE.get(device.type, PRODUCT_SIDE["cpu"])
    one, two = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
    return MatrixProduct(one, two)


def limits(
    dtypes: Sequence[torch.dtype],
    device: torch.device,
    repetition: Repetition | None = None,
) -> Iterator[Measured]:
    """Measure the rates of matrix products and of copying memory.

    Args:
        dtypes: dtypes of the products.
        device: torch device of the measurement.
        repetition: number of rounds of each; the defaults if None.

    Yields:
        A row for each dtype, then a row for copying.
    """
    for dtype in dtypes:
        product = matrix_product(dtype, device)
        seconds = time_in_turns({"": product}, device, repetition)[""].best
        side = len(product.one)
        yield Measured(
            f"matrix product {side} x {side} x {side}",
            dtype_name(dtype),
            seconds,
            product.operations / seconds / GIGA,
            "GFLOP/s",
            note="the best of the rounds",
        )
    # Not zeros: pages that were never written all map to one physical page, which
    # stays in the cache.
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copying = {"": lambda: target.copy_(source)}
    seconds = time_in_turns(copying, device, repetition)[""].best
    yield Measured(
        f"copying {COPIED_BYTES // 2**20} MiB",
        "",
        seconds,
        2 * COPIED_BYTES / seconds / GIGA,
        "GB/s",
        note="read and written; the best of the rounds",
    )


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a dtype without "torch.", such as "float32"."""
    return str(dtype).removeprefix("torch.")
