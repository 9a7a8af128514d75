"""SLICE of values of any type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import MOVED, Kernel, Op, Values, require, tensor
from tinyforge.ops.copying import check_copied, check_shape, take
from tinyforge.ops.operands import integers


def _ranges(graph: Graph, op: Operator) -> list[range]:
    """The indices taken in each dimension; a size of -1 is all that follows."""
    shape = tensor(graph, op, 0).shape
    begin, size = integers(graph, op, 1, "begin"), integers(graph, op, 2, "size")
    require(
        len(begin) == len(size) == len(shape),
        f"begin {list(begin)} and size {list(size)} for {len(shape)} dimensions",
        graph,
        op,
    )
    return [range(b, n if s == -1 else b + s) for b, s, n in zip(begin, size, shape, strict=True)]


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 3, types=MOVED)
    ranges = _ranges(graph, op)
    require(
        all(r.start >= 0 and r.stop <= n for r, n in zip(ranges, source.shape, strict=True)),
        f"the slice lies outside {list(source.shape)}",
        graph,
        op,
    )
    check_shape(graph, op, tuple(map(len, ranges)))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::Slice."""
    ranges = _ranges(graph, op)
    return np.asarray(inputs[0][tuple(slice(r.start, r.stop) for r in ranges)])


def lower(graph: Graph, op: Operator) -> Kernel:
    return take(tensor(graph, op, 0), _ranges(graph, op))


def summary(graph: Graph, op: Operator) -> str:
    return ", ".join(f"{r.start}:{r.stop}" for r in _ranges(graph, op))


OP = Op("SLICE", check, reference, lower, typed=True, summary=summary)
