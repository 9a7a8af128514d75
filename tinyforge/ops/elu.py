"""ELU, int8: exp(x) - 1 below zero, x above."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, require, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: PopulateLookupTable in elu.cc, in float32.

    exp is rounded to float32 from float64. The C library's may differ in the last bit, which
    matters where a result then lies beside half a step of the output.
    """
    source, out = tensor(graph, op, 0), output(graph, op)
    largest = max(256 * source.scale, 1) / out.scale  # converted to int32 before it is clamped
    require(largest < 2.0**30, "output scale is too small for its input's", graph, op)
    real = np.float32(source.scale) * (x - source.zero_point).astype(np.float32)
    power = np.exp(np.minimum(real, 0).astype(np.float64)).astype(np.float32)
    inverse = np.float32(1) / np.float32(out.scale)
    steps = np.where(real < 0, power - np.float32(1), real) * inverse
    rounded = np.sign(steps) * np.floor(np.abs(steps).astype(np.float64) + 0.5)
    result: Int8Array = np.clip(rounded + out.zero_point, -128, 127).astype(np.int8)
    return result


OP = unary("ELU", function)
