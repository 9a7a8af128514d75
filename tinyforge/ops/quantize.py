"""QUANTIZE from int8 to int8: another scale and zero point for the same values."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import scale_factor


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: reference_ops::Requantize."""
    source, out = tensor(graph, op, 0), output(graph, op)
    value = requantize(x - source.zero_point, *scale_factor(graph, op)) + out.zero_point
    return np.clip(value, -128, 127).astype(np.int8)


OP = unary("QUANTIZE", function)
