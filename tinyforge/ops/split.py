"""SPLIT, int8 or int16: equal parts."""

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
    return axis_named(graph, op, 0, source=1)


def check(graph: Graph, op: Operator) -> None:
    shape, axis = check_split(graph, op, 2, 1).shape, _axis(graph, op)
    count = len(op.outputs)
    require(
        shape[axis] % count == 0,
        f"dimension {axis} is {shape[axis]}, which {count} outputs do not divide",
        graph,
        op,
    )
    for part in parts(graph, op):
        check_part(graph, op, part, (*shape[:axis], shape[axis] // count, *shape[axis + 1 :]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> tuple[Values, ...]:
    """Source: SplitImpl of micro/kernels/split.cc."""
    return tuple(np.split(inputs[1], len(op.outputs), axis=_axis(graph, op)))


def lower(graph: Graph, op: Operator) -> Kernel:
    return split(graph, op, tensor(graph, op, 1), _axis(graph, op))


def summary(graph: Graph, op: Operator) -> str:
    return f"along dimension {_axis(graph, op)}"


OP = Op("SPLIT", check, reference, lower, summary=summary)
