"""SUB, int8."""

from __future__ import annotations

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.binary import Scaling, binary, scaling_of
from tinyforge.ops.fixed_point import Int, quantize_multiplier
from tinyforge.ops.quantization import factor

_LEFT_SHIFT = 20


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculateOpDataSub: inputs are brought to twice the larger scale."""
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    common = 2 * max(first.scale, second.scale)
    # The interpreter ends the process where this factor is 1 or more: 31 bits would overflow.
    real = common / ((1 << _LEFT_SHIFT) * out.scale)
    return scaling_of(
        graph,
        op,
        left_shift=_LEFT_SHIFT,
        first=quantize_multiplier(first.scale / common),
        second=quantize_multiplier(second.scale / common),
        output_factor=factor(graph, op, real, bits=31),
    )


def function(s: Scaling, first: Int, second: Int) -> Int8Array:
    """Source: reference_ops::SubElementwise."""
    a, b = s.on_common_scale(first, second)
    return s.output_value(a - b)


OP = binary("SUB", scaling, function)
