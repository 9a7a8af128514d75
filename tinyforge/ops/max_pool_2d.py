"""MAX_POOL_2D, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops import pool_2d
from tinyforge.ops.base import Kernel, Op, Values, tensor
from tinyforge.ops.quantization import limits
from tinyforge.ops.target import Target
from tinyforge.ops.turned import swapped

_COSTS = pool_2d.Costs(pixel=12, part=6, row=0, tap=7)
_VECTOR_COSTS = pool_2d.Costs(pixel=6, part=2, row=1, tap=4, lanes=16)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: (pictures, height, width, channels). Source: reference_integer_ops::MaxPool."""
    taps = pool_2d.window_taps(graph, op, inputs, fill=limits(tensor(graph, op, 0))[0])
    return pool_2d.clamped(graph, op, taps.max(axis=(3, 4)))


def lower(graph: Graph, op: Operator) -> Kernel:
    return pool_2d.lower(graph, op, "forge_max_pool_2d")


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    name = "forge_max_pool_2d"
    vectors = pool_2d.by_lanes(graph, op, target, name, _VECTOR_COSTS)
    return vectors or pool_2d.four_channels(graph, op, target, name, _COSTS)


OP = Op(
    "MAX_POOL_2D",
    pool_2d.check,
    reference,
    lower,
    variants=variants,
    turned=swapped,
    summary=pool_2d.summary,
)
