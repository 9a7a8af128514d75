"""PRELU, int8 or int16: a slope below zero, mostly one a channel."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import INT8_OR_INT16, Values, output, tensor
from tinyforge.ops.binary import Scaling, binary, scaling_of
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import factor, value_bits


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculatePreluParams. The slope is the second input."""
    source, slope, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    above = source.scale / out.scale
    below = source.scale * slope.scale / out.scale
    return scaling_of(
        graph,
        op,
        first=factor(graph, op, above, bits=value_bits(source)),
        output_factor=factor(graph, op, below, bits=value_bits(source) + 8),
    )


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: reference_ops::Prelu."""
    x = first - s.first_zero_point
    above = s.clamped(requantize(x, *s.first) + s.output_zero_point)
    return np.where(x < 0, s.output_value(x * (second - s.second_zero_point)), above)


OP = binary("PRELU", scaling, function, INT8_OR_INT16, int8_second=True)
