"""SQUARED_DIFFERENCE, int8."""

from __future__ import annotations

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.binary import Scaling, binary, common_scale, on_common_scale
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import factor

_LEFT_SHIFT = 7
_SQUARE_BITS = 30  # of (255 * 2**7) ** 2


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: PrepareQuantized in squared_difference.cc."""
    common = common_scale(tensor(graph, op, 0), tensor(graph, op, 1))
    real = common * common / ((1 << 2 * _LEFT_SHIFT) * output(graph, op).scale)
    return on_common_scale(
        graph,
        op,
        left_shift=_LEFT_SHIFT,
        output_factor=factor(graph, op, real, bits=_SQUARE_BITS),
    )


def function(s: Scaling, first: Int, second: Int) -> Int8Array:
    """Source: SquaredDifference in squared_difference.cc."""
    a, b = s.on_common_scale(first, second)
    return s.output_value((a - b) ** 2)


OP = binary("SQUARED_DIFFERENCE", scaling, function)
