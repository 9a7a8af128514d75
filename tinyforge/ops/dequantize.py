"""DEQUANTIZE between layers, int8 or int16 to float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Op, Values, tensor
from tinyforge.ops.real import check_conversion, conversion_kernel, dequantized
from tinyforge.ops.turned import same


def check(graph: Graph, op: Operator) -> None:
    check_conversion(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    return dequantized(inputs[0], tensor(graph, op, 0))


def lower(graph: Graph, op: Operator) -> Kernel:
    return conversion_kernel(graph, op, "dequantize", tensor(graph, op, 0))


OP = Op("DEQUANTIZE", check, reference, lower, typed=True, turned=same)
