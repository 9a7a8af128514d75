"""RELU as an operator of its own, int8: it may rescale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import requantize
from tinyforge.ops.quantization import scale_factor


def check(graph: Graph, op: Operator) -> None:
    scale_factor(graph, op)


def function(graph: Graph, op: Operator, x: npt.NDArray[np.int64]) -> Int8Array:
    """Source: ReluQuantized."""
    source, out = tensor(graph, op, 0), output(graph, op)
    value = requantize(x - source.zero_point, *scale_factor(graph, op)) + out.zero_point
    return np.clip(value, out.zero_point, 127).astype(np.int8)


OP = unary("RELU", function, check)
