"""PACK, int8 or int16: tensors of one shape, along a new dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Op, Values, option, output, require
from tinyforge.ops.copying import check_shape
from tinyforge.ops.joining import check_parts, join, parts
from tinyforge.ops.operands import axis_index

_MAX_INPUTS = 256  # of more, code and plans grow past use


def _axis(graph: Graph, op: Operator) -> int:
    return axis_index(graph, op, option(op, "axis"), len(output(graph, op).shape))


def check(graph: Graph, op: Operator) -> None:
    check_parts(graph, op, _MAX_INPUTS)
    found = parts(graph, op)
    count = option(op, "values_count")
    require(count == len(found), f"values_count is {count}, of {len(found)} inputs", graph, op)
    shape = found[0].shape
    require(all(t.shape == shape for t in found), "inputs have different shapes", graph, op)
    axis = _axis(graph, op)
    check_shape(graph, op, (*shape[:axis], len(found), *shape[axis:]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: PackImpl of micro/kernels/pack.cc."""
    return np.stack(inputs, axis=_axis(graph, op))


def lower(graph: Graph, op: Operator) -> Kernel:
    return join(graph, op, _axis(graph, op))


def summary(graph: Graph, op: Operator) -> str:
    return f"along dimension {_axis(graph, op)}"


OP = Op("PACK", check, reference, lower, summary=summary)
