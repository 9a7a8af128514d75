"""GATHER, int8: slices along one dimension, which ones a constant says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, option, output, require, tensor
from tinyforge.ops.copying import check_copied, check_shape
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


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2)
    axis, batches = _axis(graph, op), _batches(op, graph)
    require(
        0 <= batches <= min(axis, len(tensor(graph, op, 1).shape)),
        f"{option(op, 'batch_dims')} batch dimensions before axis {axis}",
        graph,
        op,
    )
    # The interpreter reads the first batch's indices where it checks them, each batch's own else.
    alike = source.shape[:batches] == tensor(graph, op, 1).shape[:batches]
    require(
        alike and set(source.shape[:batches]) <= {1},
        "indices of several batches are not supported",
        graph,
        op,
    )
    indices = _indices(graph, op)
    require(
        indices.size > 0 and indices.min() >= 0 and indices.max() < source.shape[axis],
        f"an index lies outside the {source.shape[axis]} of dimension {axis}",
        graph,
        op,
    )
    check_shape(graph, op, (*source.shape[:axis], *indices.shape, *source.shape[axis + 1 :]))
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: any shape. Source: Gather of micro/kernels/gather.cc."""
    taken = np.take(inputs[0], _indices(graph, op), axis=_axis(graph, op))
    return np.asarray(taken.reshape(output(graph, op).shape), np.int8)


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, axis, indices = tensor(graph, op, 0), _axis(graph, op), _indices(graph, op)
    return take_indices(
        source,
        [indices.reshape(-1) if d == axis else np.arange(n) for d, n in enumerate(source.shape)],
    )


def summary(graph: Graph, op: Operator) -> str:
    return f"{_indices(graph, op).size} slices along dimension {_axis(graph, op)}"


OP = Op("GATHER", check, reference, lowering(_kernel), summary=summary)
