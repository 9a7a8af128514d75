"""EMBEDDING_LOOKUP, int8: rows of a table, which ones int32 indices say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    check_activation,
    check_counts,
    check_types,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.lookup import lookup


def _operands(graph: Graph, op: Operator) -> tuple[Tensor, Tensor]:
    """The table, which is the second input, and the indices."""
    return tensor(graph, op, 1), tensor(graph, op, 0)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    table, indices = _operands(graph, op)
    check_types(graph, op, (indices,), (DType.INT32,))
    check_activation(graph, op, (table, output(graph, op)))
    require(table.data is None or indices.data is None, "both operands are constant", graph, op)
    require(
        len(indices.shape) == 1 and len(table.shape) >= 2,
        f"indices of shape {list(indices.shape)} into {list(table.shape)}",
        graph,
        op,
    )
    if indices.data is not None:
        # The interpreter ends an inference at one that there is not.
        inside = ((indices.data >= 0) & (indices.data < table.shape[0])).all()
        require(bool(inside), f"an index lies outside {table.shape[0]} rows", graph, op)
    check_shape(graph, op, (*indices.shape, *table.shape[1:]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """The bytes as they are, whatever their scales. Source: EvalSimple of
    micro/kernels/embedding_lookup.cc. Of an index that there is not, the nearest one."""
    del graph, op
    return np.asarray(np.take(inputs[1], inputs[0], axis=0, mode="clip"), np.int8)


def lower(graph: Graph, op: Operator) -> Kernel:
    table, indices = _operands(graph, op)
    rows = table.shape[0]
    return lookup((table, indices), outer=1, count=rows, run=table.size // rows)


def indices(graph: Graph, op: Operator) -> dict[int, int]:
    return {0: _operands(graph, op)[0].shape[0]}


def summary(graph: Graph, op: Operator) -> str:
    table, indices = _operands(graph, op)
    return f"{indices.size} of {table.shape[0]} rows"


OP = Op("EMBEDDING_LOOKUP", check, reference, lower, typed=True, indices=indices, summary=summary)
