"""ADD, int8."""

from __future__ import annotations

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.binary import Scaling, binary, common_scale, on_common_scale
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import factor

_LEFT_SHIFT = 20


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculateOpDataAdd and CalculateOpDataSub, which are the same."""
    common = common_scale(tensor(graph, op, 0), tensor(graph, op, 1))
    # The interpreter ends the process where this factor is 1 or more: 31 bits would overflow.
    real = common / ((1 << _LEFT_SHIFT) * output(graph, op).scale)
    return on_common_scale(
        graph, op, left_shift=_LEFT_SHIFT, output_factor=factor(graph, op, real, bits=31)
    )


def function(s: Scaling, first: Int, second: Int) -> Int8Array:
    """Source: reference_integer_ops::AddFunc."""
    a, b = s.on_common_scale(first, second)
    return s.output_value(a + b)


OP = binary("ADD", scaling, function)
