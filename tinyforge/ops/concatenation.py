"""CONCATENATION, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Op, Values, check_rank, option, output, require
from tinyforge.ops.copying import check_shape
from tinyforge.ops.joining import check_parts, join, parts
from tinyforge.ops.operands import axis_index
from tinyforge.ops.turned import Turned, turned_axis

_MAX_INPUTS = 10
_MAX_RANK = 6


def _axis(graph: Graph, op: Operator) -> int:
    return axis_index(graph, op, option(op, "axis"), len(output(graph, op).shape))


def check(graph: Graph, op: Operator) -> None:
    """Source: ConcatenationPrepare, which wants no activation, and no rescaling of int8; int16
    values are copied as they are."""
    check_parts(graph, op, _MAX_INPUTS)
    found, out = parts(graph, op), output(graph, op)
    require(len(out.shape) <= _MAX_RANK, f"more than {_MAX_RANK} dimensions", graph, op)
    check_rank(graph, op, found, len(out.shape))
    code = option(op, "fused_activation_function")
    require(code == 0, f"fused activation {code} is not supported", graph, op)
    for t in found:
        require(
            out.dtype is DType.INT16 or (t.scale, t.zero_point) == (out.scale, out.zero_point),
            f"CONCATENATION cannot rescale: tensor {t.name!r} must have the output's scale and "
            "zero point",
            graph,
            op,
        )
    axis = _axis(graph, op)
    rest = {(t.shape[:axis], t.shape[axis + 1 :]) for t in found}
    require(len(rest) == 1, f"shapes differ in more than dimension {axis}", graph, op)
    first = found[0].shape
    total = sum(t.shape[axis] for t in found)
    check_shape(graph, op, (*first[:axis], total, *first[axis + 1 :]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::Concatenation."""
    return np.concatenate(inputs, axis=_axis(graph, op))


def lower(graph: Graph, op: Operator) -> Kernel:
    return join(graph, op, _axis(graph, op))


def _turned(graph: Graph, op: Operator) -> Turned:
    rank = len(output(graph, op).shape)
    return Turned({**op.options, "axis": turned_axis(option(op, "axis"), rank)})


def summary(graph: Graph, op: Operator) -> str:
    return f"along dimension {_axis(graph, op)}"


OP = Op("CONCATENATION", check, reference, lower, turned=_turned, summary=summary)
