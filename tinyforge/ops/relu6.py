"""RELU6 as an operator of its own, int8 or int16: TFLM clamps in the input's quantization."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Values, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, quantize_multiplier
from tinyforge.ops.quantization import limits, quantize, saturated
from tinyforge.ops.rescaling import rescaling


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: Relu6Quantized, which ignores the output's scale; so do we, to be bit-exact."""
    source = tensor(graph, op, 0)
    return saturated(np.clip(x, source.zero_point, _six(graph, op)), source)


def _six(graph: Graph, op: Operator) -> int:
    source = tensor(graph, op, 0)
    return min(limits(source)[1], quantize(graph, op, 6.0, source))


def _wide(graph: Graph, op: Operator) -> Kernel:
    return rescaling(graph, op, quantize_multiplier(1.0), low=0, high=_six(graph, op))


OP = unary("RELU6", function, _wide)
