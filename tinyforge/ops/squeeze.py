"""SQUEEZE: dimensions of 1 left out; the same bytes, no code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import MOVED, Op, Values, output, require
from tinyforge.ops.copying import check_copied, check_shape
from tinyforge.ops.operands import axis_index


def check(graph: Graph, op: Operator) -> None:
    """Source: SqueezePrepare. Without a list of dimensions, every 1 is left out."""
    source = check_copied(graph, op, 1, 8, MOVED)
    listed = op.options["squeeze_dims"]
    assert isinstance(listed, tuple)
    rank = len(source.shape)
    gone = {axis_index(graph, op, d, rank) for d in listed}
    for d in gone:
        require(source.shape[d] == 1, f"dimension {d} is {source.shape[d]}, not 1", graph, op)
    gone = gone or {d for d, size in enumerate(source.shape) if size == 1}
    check_shape(graph, op, tuple(n for d, n in enumerate(source.shape) if d not in gone))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    return np.asarray(inputs[0].reshape(output(graph, op).shape))


OP = Op("SQUEEZE", check, reference, lower=None, typed=True)
