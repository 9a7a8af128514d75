"""What GATHER and EMBEDDING_LOOKUP share: slices whose indices an inference computes."""

from __future__ import annotations

from tinyforge.graph import Tensor
from tinyforge.ops.base import Kernel, Table


def lookup(operands: tuple[Tensor, Tensor], *, outer: int, count: int, run: int) -> Kernel:
    """The kernel that takes slices of run elements, of count that there are in each of outer
    stretches. operands: what they are of, and their indices; either may be constant."""
    source, indices = operands
    return Kernel(
        header="gather.h",
        struct="forge_gather",
        function="forge_gather_run",
        fields={
            "outer": outer,
            "count": count,
            "indices": indices.size,
            "run": run * source.dtype.itemsize,
        },
        inputs=tuple(t.index if t.data is None else Table.of(t) for t in operands),
    )
