"""Pictures of one row as pictures of one column: the same bytes, but as many rows as there were
columns, which can then be handed on one by one.

So Conv1D models look in a .tflite: [1, time, channels] or [1, 1, time, channels]. Both become
[1, time, 1, channels]. What an operator is then, its module says (Op.turned).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.types import Options

# Where the dimensions of such a picture are once it is turned, by their number.
_AXES = {3: (0, 1, 3), 4: (0, 2, 1, 3)}

_PAIRS = {
    "stride_h": "stride_w",
    "dilation_h_factor": "dilation_w_factor",
    "filter_height": "filter_width",
}
_SWAPPED = _PAIRS | {across: down for down, across in _PAIRS.items()}


@dataclass(frozen=True)
class Turned:
    """An operator on turned pictures. constants: operands that are others then, by position."""

    options: Options
    constants: Mapping[int, npt.NDArray[Any]] = field(default_factory=dict)


def is_row(t: Tensor) -> bool:
    """Whether it is a computed picture of one row and several columns."""
    pictured = t.data is None and len(t.shape) in _AXES
    return pictured and t.size == math.prod(t.shape[-2:]) and t.shape[-2] > 1


def is_pixel(t: Tensor) -> bool:
    """Whether it has channels alone."""
    return t.size == math.prod(t.shape[-1:])


def turned_axis(axis: int, rank: int) -> int:
    """Where a dimension, perhaps counted from the back, of a picture of one row has gone."""
    return _AXES[rank][axis % rank]


def same(graph: Graph, op: Operator) -> Turned:
    """For operators that take every element, or the channels of every pixel, by themselves."""
    del graph
    return Turned(op.options)


def swapped(graph: Graph, op: Operator) -> Turned:
    """For windows over pictures: what is said of height and width, and weights where there are."""
    options = {name: op.options[_SWAPPED.get(name, name)] for name in op.options}
    if len(op.inputs) < 2:
        return Turned(options)
    weights = graph.tensors[op.inputs[1]].data
    assert weights is not None, "weights are constant"
    return Turned(options, {1: np.ascontiguousarray(weights.swapaxes(1, 2))})
