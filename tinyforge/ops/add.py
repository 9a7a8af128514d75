"""ADD, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops import linear_sum, tabled_sum
from tinyforge.ops.base import INT8_OR_INT16, Kernel, Values, output, tensor
from tinyforge.ops.binary import Scaling, binary, common_scale, on_common_scale
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import factor
from tinyforge.ops.target import Target

# Of int8, and of int16.
_LEFT_SHIFT, _LEFT_SHIFT_16 = 20, 15


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculateOpDataAdd and CalculateOpDataSub, which are the same."""
    common = common_scale(tensor(graph, op, 0), tensor(graph, op, 1))
    # The interpreter ends the process where this factor is 1 or more: 31 bits would overflow.
    out = output(graph, op)
    left_shift = _LEFT_SHIFT if out.dtype is DType.INT8 else _LEFT_SHIFT_16
    real = common / ((1 << left_shift) * out.scale)
    return on_common_scale(
        graph, op, left_shift=left_shift, output_factor=factor(graph, op, real, bits=31)
    )


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: reference_integer_ops::AddFunc."""
    a, b = s.on_common_scale(first, second)
    return s.output_value(a + b)


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    found = scaling(graph, op)
    return (
        *linear_sum.kernels(graph, op, target, found, negated=False),
        *tabled_sum.kernels(graph, op, target, found, negated=False),
    )


OP = replace(binary("ADD", scaling, function, INT8_OR_INT16), variants=variants)
