"""REDUCE_MAX, int8: the greatest value along some of the dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops import reduction
from tinyforge.ops.base import Int8Array, Kernel, Op, output


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: any shape. Source: EvalMinMaxHelper."""
    found = inputs[0].max(axis=reduction.axes(graph, op))
    return np.asarray(found, np.int8).reshape(output(graph, op).shape)


def lower(graph: Graph, op: Operator) -> Kernel:
    return reduction.lower_extreme(graph, op, sign=1)


OP = Op(
    "REDUCE_MAX",
    reduction.check_extreme,
    reference,
    lower,
    turned=reduction.turned,
    summary=reduction.summary,
)
