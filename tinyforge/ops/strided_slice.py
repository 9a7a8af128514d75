"""STRIDED_SLICE of values of any type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import MOVED, Kernel, Op, Values, option, output, require, tensor
from tinyforge.ops.copying import check_copied, check_shape, take
from tinyforge.ops.operands import integers

_MAX_RANK = 4
_MAX_STRIDE = 1 << 30  # TFLM adds it to an index in int32
_ROLES = ("begin", "end", "strides")


def _range(size: int, begin: int | None, end: int | None, stride: int) -> range:
    """The indices taken in one dimension; None for an end that a mask leaves open.

    Negative ends count from the back, and whatever lies outside is cut off. Source: StartForAxis
    and StopForAxis of strided_slice_logic.h, which are Python's rules.
    """
    return range(*slice(begin, end, stride).indices(size))


def _ranges(graph: Graph, op: Operator) -> list[range]:
    """The indices taken in each dimension; one in a dimension that is to vanish."""
    begin_mask, end_mask = option(op, "begin_mask"), option(op, "end_mask")
    values = zip(*(integers(graph, op, i + 1, r) for i, r in enumerate(_ROLES)), strict=True)
    ranges = []
    for d, (size, (begin, end, stride)) in enumerate(
        zip(tensor(graph, op, 0).shape, values, strict=True)
    ):
        found = _range(
            size,
            None if begin_mask >> d & 1 else begin,
            None if end_mask >> d & 1 else end,
            stride,
        )
        ranges.append(range(found.start, found.start + 1) if _vanishes(op, d) else found)
    return ranges


def _vanishes(op: Operator, dimension: int) -> bool:
    return bool(option(op, "shrink_axis_mask") >> dimension & 1)


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 4, _MAX_RANK, MOVED)
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):  # TFLM leaves them out of account
        require(not op.options[name], f"{name} is not supported", graph, op)
    for position, role in enumerate(_ROLES):
        count = len(integers(graph, op, position + 1, role))
        require(
            count == len(source.shape),
            f"{count} values of {role} for {len(source.shape)} dimensions",
            graph,
            op,
        )
    strides = integers(graph, op, 3, "strides")
    for d, stride in enumerate(strides):
        require(0 < abs(stride) < _MAX_STRIDE, f"stride {stride} in dimension {d}", graph, op)
        require(
            stride > 0 or not _vanishes(op, d),
            f"dimension {d} is to vanish, with a negative stride",
            graph,
            op,
        )
    ranges = _ranges(graph, op)
    for d, (r, size) in enumerate(zip(ranges, source.shape, strict=True)):
        require(
            not _vanishes(op, d) or r.start < size,
            f"index {r.start} of dimension {d}, which has {size}",
            graph,
            op,
        )
    check_shape(graph, op, tuple(len(r) for d, r in enumerate(ranges) if not _vanishes(op, d)))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::StridedSlice."""
    taken = inputs[0][np.ix_(*_ranges(graph, op))]
    return np.asarray(taken.reshape(output(graph, op).shape))


def lower(graph: Graph, op: Operator) -> Kernel:
    return take(tensor(graph, op, 0), _ranges(graph, op))


def summary(graph: Graph, op: Operator) -> str:
    return ", ".join(
        str(r.start)
        if _vanishes(op, d)
        else f"{r.start}:{r.stop}" + (f":{r.step}" if r.step != 1 else "")
        for d, r in enumerate(_ranges(graph, op))
    )


OP = Op("STRIDED_SLICE", check, reference, lower, typed=True, summary=summary)
