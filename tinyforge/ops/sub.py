"""SUB, int8."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, require, tensor
from tinyforge.ops.binary import Scaling, binary, scaling_of
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import factor

_LEFT_SHIFT = 20


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculateOpDataSub: as ADD, but in float32."""
    first, second, out = (
        np.float32(t.scale) for t in (tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op))
    )
    with np.errstate(over="ignore", under="ignore"):
        common = np.float32(2) * max(first, second)
        reals = first / common, second / common, common / (np.float32(1 << _LEFT_SHIFT) * out)
    # The interpreter ends the process where a factor is 0, or 1 and more: then 31 bits overflow.
    require(all(real > 0 for real in reals), "its scales are too far apart", graph, op)
    factors = [factor(graph, op, float(real), bits=31) for real in reals]
    return scaling_of(
        graph,
        op,
        left_shift=_LEFT_SHIFT,
        first=factors[0],
        second=factors[1],
        output_factor=factors[2],
    )


def function(s: Scaling, first: Int, second: Int) -> Int8Array:
    """Source: reference_ops::SubElementwise."""
    a, b = s.on_common_scale(first, second)
    return s.output_value(a - b)


OP = binary("SUB", scaling, function)
