"""MUL, int8 or int16."""

from __future__ import annotations

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import INT8_OR_INT16, Values, output, tensor
from tinyforge.ops.binary import Scaling, binary, scaling_of
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import factor

_PRODUCT_BITS = {DType.INT8: 16, DType.INT16: 31}  # of 255 * 255, and of 2**15 * 2**15


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculateOpDataMul."""
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    real = first.scale * second.scale / out.scale
    return scaling_of(
        graph, op, output_factor=factor(graph, op, real, bits=_PRODUCT_BITS[out.dtype])
    )


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: reference_integer_ops::MulElementwise."""
    return s.output_value((first - s.first_zero_point) * (second - s.second_zero_point))


OP = binary("MUL", scaling, function, INT8_OR_INT16)
