"""What ADD_N and CUMSUM share: sums of values of one scale, in steps of 2**-19 of a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Table, output, require, tensor
from tinyforge.ops.fixed_point import Int, quantize_multiplier, requantize, wrap32

_TERM_BITS = 19  # 20 bits up, then the factor 1/2, which is exact


@dataclass(frozen=True)
class Sums:
    """multiplier, shift: from a sum to the output."""

    zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int

    def term(self, x: Int) -> Int:
        return (x - self.zero_point) << _TERM_BITS

    @property
    def begin(self) -> int:
        """The interpreter begins with the term of a value of 0, which is not a real 0."""
        return -self.zero_point << _TERM_BITS

    def output(self, total: Int) -> Int8Array:
        """Of sums, which wrap at 32 bits."""
        value = requantize(wrap32(total), self.multiplier, self.shift) + self.output_zero_point
        return np.clip(value, -128, 127).astype(np.int8)

    def fields(self) -> dict[str, int | Table]:
        return {
            "sums.zero_point": self.zero_point,
            "sums.output_zero_point": self.output_zero_point,
            "sums.multiplier": self.multiplier,
            "sums.shift": self.shift,
        }


def sums_of(graph: Graph, op: Operator) -> Sums:
    """Source: CalculateOpData of micro/kernels/add_n.cc and cumsum.cc, which are the same.

    ForgeError where the interpreter ends the process: where the factor is 1 or more.
    """
    source, out = tensor(graph, op, 0), output(graph, op)
    multiplier, shift = quantize_multiplier(2 * source.scale / ((1 << 20) * out.scale))
    require(
        multiplier > 0 and shift <= 0, "output scale is out of range for the inputs'", graph, op
    )
    return Sums(source.zero_point, out.zero_point, multiplier, shift)
