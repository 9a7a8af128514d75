"""BROADCAST_TO of values of any type: dimensions of 1 repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import MOVED, Kernel, Op, Values, output, require, tensor
from tinyforge.ops.copying import check_copied, check_shape, steps
from tinyforge.ops.forms import Picked
from tinyforge.ops.operands import integers
from tinyforge.ops.picking import check_places, lowering, pick

_MAX_RANK = 5


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2, types=MOVED)
    shape = integers(graph, op, 1, "shape")
    repeats = [1] * (len(shape) - len(source.shape)) + list(source.shape)
    require(
        len(source.shape) <= len(shape) <= _MAX_RANK
        and all(n in (1, m) for n, m in zip(repeats, shape, strict=True)),
        f"{list(source.shape)} does not repeat to {list(shape)}",
        graph,
        op,
    )
    check_shape(graph, op, shape)
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::BroadcastTo."""
    return np.ascontiguousarray(np.broadcast_to(inputs[0], output(graph, op).shape))


def _by_rows(shape: Sequence[int], out: Sequence[int]) -> tuple[int, tuple[int, ...], int]:
    """The output as rows of its outermost dimensions: how many of those, which row of the input
    each comes from, and how many the input has.

    Each row of a picture repeated is [height, 1, ...] to [height, times, ...]: both are its rows.
    """
    first = next((d for d, n in enumerate(out) if n > 1), len(out) - 1)
    rows = range(out[first])
    if shape[first] == 1:
        return first + 1, (0,) * len(rows), 1
    times = out[first + 1] if first + 1 < len(out) and shape[first + 1] == 1 else 1
    depth = first + 1 if times == 1 else first + 2
    return depth, tuple(row for row in rows for _ in range(times)), len(rows)


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, out = tensor(graph, op, 0), output(graph, op)
    shape = (1,) * (len(out.shape) - len(source.shape)) + source.shape
    step = [0 if n == 1 else apart for n, apart in zip(shape, steps(shape), strict=True)]
    walk = [np.arange(n) * apart for n, apart in zip(out.shape, step, strict=True)]
    depth, rows, input_rows = _by_rows(shape, out.shape)
    if len(rows) == 1:
        return pick(source, walk)
    kernel = pick(source, walk[depth:])
    return kernel and replace(kernel, form=Picked(rows, input_rows))


def summary(graph: Graph, op: Operator) -> str:
    source, out = tensor(graph, op, 0), output(graph, op)
    return f"{list(source.shape)} to {list(out.shape)}"


OP = Op("BROADCAST_TO", check, reference, lowering(_kernel), typed=True, summary=summary)
