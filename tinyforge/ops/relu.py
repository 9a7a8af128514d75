"""RELU as an operator of its own, int8 or int16: it may rescale."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Values, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import saturated, scale_factor
from tinyforge.ops.rescaling import rescaling


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: ReluQuantized."""
    source, out = tensor(graph, op, 0), output(graph, op)
    value = requantize(x - source.zero_point, *scale_factor(graph, op)) + out.zero_point
    return saturated(np.maximum(value, out.zero_point), out)


def _wide(graph: Graph, op: Operator) -> Kernel:
    return rescaling(graph, op, scale_factor(graph, op), low=0)


OP = unary("RELU", function, _wide)
