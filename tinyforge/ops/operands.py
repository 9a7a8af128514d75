"""Operands that are parameters and not data: axes, sizes, paddings."""

from __future__ import annotations

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import constant, require, tensor


def integers(graph: Graph, op: Operator, position: int, role: str) -> tuple[int, ...]:
    """A constant int32 operand's values: axes, sizes, paddings. ForgeError for anything else."""
    t = tensor(graph, op, position)
    values = constant(graph, op, t, role)
    require(
        t.dtype is DType.INT32,
        f"{op.op} needs {role} as int32: tensor {t.name!r} is {t.dtype.name.lower()}",
        graph,
        op,
    )
    return tuple(int(v) for v in values.reshape(-1))


def axis_named(graph: Graph, op: Operator, position: int, source: int = 0) -> int:
    """The one dimension of a tensor that an operand names, counted from the front.

    position, source: of the operand and of the tensor. ForgeError for any other number of them.
    """
    values = integers(graph, op, position, "axis")
    require(len(values) == 1, f"{len(values)} axes", graph, op)
    return axis_index(graph, op, values[0], len(tensor(graph, op, source).shape))


def axis_index(graph: Graph, op: Operator, axis: int, rank: int) -> int:
    """A dimension counted from the front, for one that may be counted from the back."""
    require(-rank <= axis < rank, f"axis {axis} is outside {rank} dimensions", graph, op)
    return axis % rank
