"""LEAKY_RELU, int8 or int16: one slope below zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Values, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import factor, saturated, scale_factor, value_bits
from tinyforge.ops.rescaling import rescaling


def _alpha(op: Operator) -> float:
    alpha = op.options["alpha"]
    assert isinstance(alpha, float | int)
    return float(np.float32(alpha))


def _slope_factor(graph: Graph, op: Operator) -> tuple[int, int]:
    """Below zero, of alpha's magnitude. Source: CalculateOpDataLeakyRelu."""
    source = tensor(graph, op, 0)
    real = source.scale * abs(_alpha(op)) / output(graph, op).scale
    return factor(graph, op, real, bits=value_bits(source))


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: reference_ops::QuantizeLeakyRelu, which negates after rounding for alpha < 0."""
    source, out = tensor(graph, op, 0), output(graph, op)
    centred = x - source.zero_point
    above = requantize(centred, *scale_factor(graph, op))
    below = requantize(centred, *_slope_factor(graph, op)) * (-1 if _alpha(op) < 0 else 1)
    value: Int = np.where(centred < 0, below, above) + out.zero_point
    return saturated(value, out)


def _wide(graph: Graph, op: Operator) -> Kernel:
    above, below = scale_factor(graph, op), _slope_factor(graph, op)
    return rescaling(graph, op, above, below, negate=_alpha(op) < 0)


def summary(graph: Graph, op: Operator) -> str:
    del graph
    return f"alpha {_alpha(op):.6g}"


OP = replace(unary("LEAKY_RELU", function, _wide), summary=summary)
