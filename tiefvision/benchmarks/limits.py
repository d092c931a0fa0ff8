"""What the machine can do: large matrix products, and copying memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.operations import GIGA
from tiefvision.benchmarks.timing import Patience, time_in_turns

PRODUCT_SIDE = {"cpu": 2048, "cuda": 8192, "mps": 4096}
"""Rows and columns of the matrices: large enough that a larger product is no faster,
small enough that one takes a fraction of a second."""

COPIED_BYTES = 2**28
"""Eight times the largest cache in common use."""


@dataclass(frozen=True)
class MatrixProduct:
    """A large product of two square matrices; calling it computes it."""

    one: Tensor
    two: Tensor

    def __call__(self) -> Tensor:
        """The product, which nobody reads."""
        return self.one @ self.two

    @property
    def operations(self) -> int:
        """Floating-point operations."""
        return int(2 * self.one.shape[0] ** 3)


def matrix_product(dtype: torch.dtype, device: torch.device) -> MatrixProduct:
    """The product that is the limit of all arithmetic of a dtype."""
    side = PRODUCT_SIDE.get(device.type, PRODUCT_SIDE["cpu"])
    one, two = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
    return MatrixProduct(one, two)


def limits(
    dtypes: Sequence[torch.dtype],
    device: torch.device,
    patience: Patience | None = None,
) -> Iterator[Measured]:
    """The rate of matrix products, and of copying."""
    for dtype in dtypes:
        product = matrix_product(dtype, device)
        seconds = time_in_turns({"": product}, device, patience)[""].best
        side = len(product.one)
        yield Measured(
            f"matrix product {side} x {side} x {side}",
            dtype_name(dtype),
            seconds,
            product.operations / seconds / GIGA,
            "GFLOP/s",
            note="the best of the rounds",
        )
    # Not zeros: pages that nobody has written all lie on one page of the cache.
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copying = {"": lambda: target.copy_(source)}
    seconds = time_in_turns(copying, device, patience)[""].best
    yield Measured(
        f"copying {COPIED_BYTES // 2**20} MiB",
        "",
        seconds,
        2 * COPIED_BYTES / seconds / GIGA,
        "GB/s",
        note="read and written; the best of the rounds",
    )


def dtype_name(dtype: torch.dtype) -> str:
    """Such as "float32"."""
    return str(dtype).removeprefix("torch.")
