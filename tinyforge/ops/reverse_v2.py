"""REVERSE_V2 of values of any type: neighbouring dimensions the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import MOVED, Kernel, Op, Values, require, tensor
from tinyforge.ops.copying import check_copied, check_shape
from tinyforge.ops.operands import axis_index, integers
from tinyforge.ops.picking import check_places, lowering, take_indices


def _axes(graph: Graph, op: Operator) -> tuple[int, ...]:
    rank = len(tensor(graph, op, 0).shape)
    given = integers(graph, op, 1, "axes")
    return tuple(sorted(axis_index(graph, op, axis, rank) for axis in given))


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2, types=MOVED)
    axes = _axes(graph, op)
    require(
        len(axes) > 0 and axes == tuple(range(axes[0], axes[-1] + 1)),
        f"axes {list(axes)}: the interpreter reverses neighbouring ones alone",
        graph,
        op,
        fix="reverse one dimension after the other, each in a layer of its own",
    )
    check_shape(graph, op, source.shape)
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::Reverse."""
    return np.ascontiguousarray(np.flip(inputs[0], _axes(graph, op)))


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, axes = tensor(graph, op, 0), _axes(graph, op)
    every = [np.arange(n) for n in source.shape]
    return take_indices(source, [i[::-1] if d in axes else i for d, i in enumerate(every)])


def summary(graph: Graph, op: Operator) -> str:
    return f"dimensions {', '.join(map(str, _axes(graph, op)))}"


OP = Op("REVERSE_V2", check, reference, lowering(_kernel), typed=True, summary=summary)
