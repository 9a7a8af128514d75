"""SPLIT_V, int8 or int16: parts of any sizes, which are those of the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Op, Values, require, tensor
from tinyforge.ops.operands import axis_named
from tinyforge.ops.splitting import check_part, check_split, parts, split


def _axis(graph: Graph, op: Operator) -> int:
    return axis_named(graph, op, 2)


def check(graph: Graph, op: Operator) -> None:
    """The operand with the sizes is not looked at, as in TFLM: the outputs have them."""
    shape, axis = check_split(graph, op, 3, 0).shape, _axis(graph, op)
    found = parts(graph, op)
    for part in found:
        size = part.shape[axis] if axis < len(part.shape) else 0
        check_part(graph, op, part, (*shape[:axis], size, *shape[axis + 1 :]))
    total = sum(part.shape[axis] for part in found)
    require(
        total == shape[axis],
        f"outputs take {total} of dimension {axis}, which has {shape[axis]}",
        graph,
        op,
    )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> tuple[Values, ...]:
    """Source: SplitImpl of micro/kernels/split_v.cc."""
    axis = _axis(graph, op)
    ends = np.cumsum([part.shape[axis] for part in parts(graph, op)])
    return tuple(np.split(inputs[0], ends[:-1], axis=axis))


def lower(graph: Graph, op: Operator) -> Kernel:
    return split(graph, op, tensor(graph, op, 0), _axis(graph, op))


def summary(graph: Graph, op: Operator) -> str:
    return f"along dimension {_axis(graph, op)}"


OP = Op("SPLIT_V", check, reference, lower, summary=summary)
