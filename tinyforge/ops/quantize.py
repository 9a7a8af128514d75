"""QUANTIZE between int8 and int16, or within either: another scale for the same values."""

from __future__ import annotations

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Values, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import saturated, scale_factor
from tinyforge.ops.rescaling import rescaling


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: reference_ops::Requantize."""
    source, out = tensor(graph, op, 0), output(graph, op)
    value = requantize(x - source.zero_point, *scale_factor(graph, op)) + out.zero_point
    return saturated(value, out)


def _wide(graph: Graph, op: Operator) -> Kernel:
    return rescaling(graph, op, scale_factor(graph, op))


OP = unary("QUANTIZE", function, _wide, retypes=True)
