"""GATHER_ND, int8: slices at places of several dimensions that a constant tells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, require, tensor
from tinyforge.ops.copying import check_copied, check_shape, steps
from tinyforge.ops.operands import integers
from tinyforge.ops.picking import check_places, lowering, pick


def _indices(graph: Graph, op: Operator) -> npt.NDArray[np.int64]:
    """(..., dimensions): one place a row."""
    t = tensor(graph, op, 1)
    return np.array(integers(graph, op, 1, "indices"), np.int64).reshape(t.shape)


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2)
    indices = _indices(graph, op)
    require(
        indices.ndim > 0 and 1 <= indices.shape[-1] <= len(source.shape) and indices.size > 0,
        f"indices of shape {list(indices.shape)} for {list(source.shape)}",
        graph,
        op,
    )
    named = source.shape[: indices.shape[-1]]
    require(
        bool(((indices >= 0) & (indices < np.array(named))).all()),
        f"an index lies outside {list(named)}",
        graph,
        op,
    )
    check_shape(graph, op, (*indices.shape[:-1], *source.shape[indices.shape[-1] :]))
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: any shape. Source: GatherNd of micro/kernels/gather_nd.cc."""
    indices = _indices(graph, op)
    return np.asarray(inputs[0][tuple(np.moveaxis(indices, -1, 0))], np.int8)


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, indices = tensor(graph, op, 0), _indices(graph, op)
    step = np.array(steps(source.shape)[: indices.shape[-1]])
    places = (indices.reshape(-1, indices.shape[-1]) * step).sum(axis=1)
    return pick(source, [places, np.arange(math.prod(source.shape[indices.shape[-1] :]))])


def summary(graph: Graph, op: Operator) -> str:
    indices = _indices(graph, op)
    return f"{indices.size // indices.shape[-1]} slices at places of {indices.shape[-1]} dimensions"


OP = Op("GATHER_ND", check, reference, lowering(_kernel), summary=summary)
