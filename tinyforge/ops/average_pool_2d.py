"""AVERAGE_POOL_2D, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops import pool_2d
from tinyforge.ops.base import Kernel, Op, Values, output
from tinyforge.ops.forms import Accumulated
from tinyforge.ops.target import Target
from tinyforge.ops.turned import swapped

_COSTS = pool_2d.Costs(pixel=25, part=20, row=14, tap=6.5)
_VECTOR_COSTS = pool_2d.Costs(pixel=5, part=13, row=7, tap=3.5, lanes=8)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: (pictures, height, width, channels). Source: reference_integer_ops::AveragePool.

    Padding does not count; halves round away from zero.
    """
    total = pool_2d.window_taps(graph, op, inputs, fill=0).sum(axis=(3, 4))
    inside = [np.ones_like(inputs[0])]
    count = pool_2d.window_taps(graph, op, inside, fill=0).sum(axis=(3, 4))
    magnitude = (np.abs(total) + count // 2) // count
    return pool_2d.clamped(graph, op, np.where(total > 0, magnitude, -magnitude))


def lower(graph: Graph, op: Operator) -> Kernel:
    return pool_2d.lower(graph, op, "forge_average_pool_2d")


def streaming(graph: Graph, op: Operator, rows: int) -> Kernel | None:
    """An average over the whole image can sum up rows as they come."""
    win = pool_2d.pool_window(graph, op)
    if win.pictures > 1 or rows != win.input[0] or win.kernel != win.input or win.output != (1, 1):
        return None
    kernel = pool_2d.lower(graph, op, "forge_average_pool_2d", "accumulate")
    sums = 4 * output(graph, op).size
    return replace(kernel, form=Accumulated(rows, scratch_bytes=sums))


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    name = "forge_average_pool_2d"
    vectors = pool_2d.by_lanes(graph, op, target, name, _VECTOR_COSTS)
    return vectors or pool_2d.four_channels(graph, op, target, name, _COSTS)


OP = Op(
    "AVERAGE_POOL_2D",
    pool_2d.check,
    reference,
    lower,
    streaming,
    variants,
    turned=swapped,
    summary=pool_2d.summary,
)
