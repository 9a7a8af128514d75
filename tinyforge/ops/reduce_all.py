"""REDUCE_ALL: whether all truths along some of the dimensions are true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops import reduction
from tinyforge.ops.base import Kernel, Op, Values, output


def check(graph: Graph, op: Operator) -> None:
    reduction.check(graph, op, (DType.BOOL,))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: any shape. Source: EvalAllHelper."""
    found = inputs[0].all(axis=reduction.axes(graph, op))
    return np.asarray(found, bool).reshape(output(graph, op).shape)


def lower(graph: Graph, op: Operator) -> Kernel:
    """Of bytes that are 0 or 1 the least."""
    return reduction.lower_extreme(graph, op, sign=-1)


OP = Op("REDUCE_ALL", check, reference, lower, typed=True, summary=reduction.summary)
