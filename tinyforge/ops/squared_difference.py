"""SQUARED_DIFFERENCE, int8 or int16."""

from __future__ import annotations

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import INT8_OR_INT16, Values, output, tensor
from tinyforge.ops.binary import Scaling, binary, common_scale, on_common_scale
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import factor

_LEFT_SHIFT = {DType.INT8: 7, DType.INT16: 0}
_SQUARE_BITS = {DType.INT8: 30, DType.INT16: 31}  # of (255 * 2**7) ** 2, and of (2**15) ** 2


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: PrepareQuantized in squared_difference.cc."""
    dtype = output(graph, op).dtype
    common = common_scale(tensor(graph, op, 0), tensor(graph, op, 1))
    real = common * common / ((1 << 2 * _LEFT_SHIFT[dtype]) * output(graph, op).scale)
    return on_common_scale(
        graph,
        op,
        left_shift=_LEFT_SHIFT[dtype],
        output_factor=factor(graph, op, real, bits=_SQUARE_BITS[dtype]),
    )


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: SquaredDifference in squared_difference.cc."""
    a, b = s.on_common_scale(first, second)
    return s.output_value((a - b) ** 2)


OP = binary("SQUARED_DIFFERENCE", scaling, function, INT8_OR_INT16)
