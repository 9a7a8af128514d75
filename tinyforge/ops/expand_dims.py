"""EXPAND_DIMS: a dimension of 1 put in; the same bytes, no code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import INT8_OR_INT16, Op, Values, output, require
from tinyforge.ops.copying import check_copied, check_shape
from tinyforge.ops.operands import axis_index, integers


def check(graph: Graph, op: Operator) -> None:
    """Source: ExpandDimsPrepare."""
    shape = check_copied(graph, op, 2, 8, INT8_OR_INT16).shape
    axes = integers(graph, op, 1, "axis")
    require(len(axes) == 1, f"{len(axes)} axes", graph, op)
    axis = axis_index(graph, op, axes[0], len(shape) + 1)
    check_shape(graph, op, (*shape[:axis], 1, *shape[axis:]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    return np.asarray(inputs[0].reshape(output(graph, op).shape))


OP = Op("EXPAND_DIMS", check, reference, lower=None)
