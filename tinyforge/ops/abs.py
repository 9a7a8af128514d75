"""ABS, int8 or int16: it may rescale."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Values, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import saturated, scale_factor
from tinyforge.ops.rescaling import rescaling


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: AbsEvalQuantized. Where scales are equal it does not rescale, which is a factor 1."""
    distance = np.abs(x - tensor(graph, op, 0).zero_point)
    value = requantize(distance, *scale_factor(graph, op)) + output(graph, op).zero_point
    return saturated(value, output(graph, op))


def _wide(graph: Graph, op: Operator) -> Kernel:
    return rescaling(graph, op, scale_factor(graph, op), magnitude=True)


OP = unary("ABS", function, _wide)
