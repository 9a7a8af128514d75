"""PRELU, int8: a slope below zero, mostly one a channel."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.binary import Scaling, binary, scaling_of
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import VALUE_BITS, factor

_PRODUCT_BITS = 16


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculatePreluParams. The slope is the second input."""
    source, slope, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    above = source.scale / out.scale
    below = source.scale * slope.scale / out.scale
    return scaling_of(
        graph,
        op,
        first=factor(graph, op, above, bits=VALUE_BITS),
        output_factor=factor(graph, op, below, bits=_PRODUCT_BITS),
    )


def function(s: Scaling, first: Int, second: Int) -> Int8Array:
    """Source: reference_ops::Prelu."""
    x = first - s.first_zero_point
    above = s.clamped(requantize(x, *s.first) + s.output_zero_point)
    return np.where(x < 0, s.output_value(x * (second - s.second_zero_point)), above)


OP = binary("PRELU", scaling, function)
