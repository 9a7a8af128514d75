"""UNPACK, int8 or int16: the slices along one dimension, without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Op, Values, option, require, tensor
from tinyforge.ops.operands import axis_index
from tinyforge.ops.splitting import check_part, check_split, parts, split


def _axis(graph: Graph, op: Operator) -> int:
    return axis_index(graph, op, option(op, "axis"), len(tensor(graph, op, 0).shape))


def check(graph: Graph, op: Operator) -> None:
    shape, axis = check_split(graph, op, 1, 0).shape, _axis(graph, op)
    count = option(op, "num")
    require(
        count == len(op.outputs) == shape[axis],
        f"num is {count}, for {len(op.outputs)} outputs and {shape[axis]} in dimension {axis}",
        graph,
        op,
    )
    for part in parts(graph, op):
        check_part(graph, op, part, (*shape[:axis], *shape[axis + 1 :]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> tuple[Values, ...]:
    """Source: UnpackImpl of micro/kernels/unpack.cc."""
    return tuple(np.moveaxis(inputs[0], _axis(graph, op), 0))


def lower(graph: Graph, op: Operator) -> Kernel:
    return split(graph, op, tensor(graph, op, 0), _axis(graph, op))


def summary(graph: Graph, op: Operator) -> str:
    return f"along dimension {_axis(graph, op)}"


OP = Op("UNPACK", check, reference, lower, summary=summary)
