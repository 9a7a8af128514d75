"""GATHER, int8: slices along one dimension, which ones int32 indices say, constant or computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    check_activation,
    check_counts,
    check_types,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.lookup import lookup
from tinyforge.ops.operands import axis_index, integers
from tinyforge.ops.picking import check_places, lowering, take_indices


def _axis(graph: Graph, op: Operator) -> int:
    return axis_index(graph, op, option(op, "axis"), len(tensor(graph, op, 0).shape))


def _indices(graph: Graph, op: Operator) -> npt.NDArray[np.int64]:
    """The indices along the axis, of their own shape without the dimensions of batches."""
    found = integers(graph, op, 1, "indices")
    return np.array(found, np.int64).reshape(tensor(graph, op, 1).shape[_batches(op, graph) :])


def _batches(op: Operator, graph: Graph) -> int:
    """How many leading dimensions of input and indices go together."""
    count = option(op, "batch_dims")
    return count + len(tensor(graph, op, 1).shape) if count < 0 else count


def _known(graph: Graph, op: Operator) -> bool:
    """Whether the indices are constant, and what they are of is not."""
    return tensor(graph, op, 0).data is None and tensor(graph, op, 1).data is not None


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    source, indices, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_activation(graph, op, (source, out))
    check_types(graph, op, (indices,), (DType.INT32,))
    require(source.data is None or indices.data is None, "both operands are constant", graph, op)
    require(max(len(source.shape), len(out.shape)) <= 5, "more than 5 dimensions", graph, op)
    axis, batches = _axis(graph, op), _batches(op, graph)
    require(
        0 <= batches <= min(axis, len(indices.shape)),
        f"{option(op, 'batch_dims')} batch dimensions before axis {axis}",
        graph,
        op,
    )
    # The interpreter reads the first batch's indices where it checks them, each batch's own else.
    alike = source.shape[:batches] == indices.shape[:batches]
    require(
        alike and set(source.shape[:batches]) <= {1},
        "indices of several batches are not supported",
        graph,
        op,
    )
    taken = indices.shape[batches:]
    check_shape(graph, op, (*source.shape[:axis], *taken, *source.shape[axis + 1 :]))
    if _known(graph, op):
        known = _indices(graph, op)
        require(
            known.size > 0 and known.min() >= 0 and known.max() < source.shape[axis],
            f"an index lies outside the {source.shape[axis]} of dimension {axis}",
            graph,
            op,
        )
        check_places(graph, op, _picked(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: any shape. Source: Gather of micro/kernels/gather.cc. Of an index that there is
    not, which the interpreter reads past its input for, the nearest one."""
    axis = _axis(graph, op)
    indices = inputs[1].astype(np.int64).reshape(-1)
    taken = np.take(inputs[0], indices, axis=axis, mode="clip")
    return np.asarray(taken.reshape(output(graph, op).shape), np.int8)


def _picked(graph: Graph, op: Operator) -> Kernel | None:
    source, axis, indices = tensor(graph, op, 0), _axis(graph, op), _indices(graph, op)
    return take_indices(
        source,
        [indices.reshape(-1) if d == axis else np.arange(n) for d, n in enumerate(source.shape)],
    )


def lower(graph: Graph, op: Operator) -> Kernel:
    if _known(graph, op):
        return lowering(_picked)(graph, op)
    source, indices, axis = tensor(graph, op, 0), tensor(graph, op, 1), _axis(graph, op)
    return lookup(
        (source, indices),
        outer=math.prod(source.shape[:axis]),
        count=source.shape[axis],
        run=math.prod(source.shape[axis + 1 :]),
    )


def indices(graph: Graph, op: Operator) -> dict[int, int]:
    return {1: tensor(graph, op, 0).shape[_axis(graph, op)]}


def summary(graph: Graph, op: Operator) -> str:
    return f"{tensor(graph, op, 1).size} slices along dimension {_axis(graph, op)}"


OP = Op("GATHER", check, reference, lower, summary=summary, typed=True, indices=indices)
