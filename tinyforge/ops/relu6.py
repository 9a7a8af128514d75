"""RELU6 as an operator of its own, int8: TFLM clamps in the input's quantization."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.quantization import quantize


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: Relu6Quantized, which ignores the output's scale; so do we, to be bit-exact."""
    source = tensor(graph, op, 0)
    six = min(127, quantize(6.0, source))
    return np.clip(x, source.zero_point, six).astype(np.int8)


OP = unary("RELU6", function)
