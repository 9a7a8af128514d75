"""DYNAMIC_UPDATE_SLICE: a tensor with a smaller one written over a part of it, where indices that
an inference computes say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Op,
    Table,
    Values,
    check_activation,
    check_counts,
    check_types,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_shape, steps

_MAX_RANK = 5
_TYPES = (*INT8_OR_INT16, DType.INT32, DType.FLOAT32)


def _operands(graph: Graph, op: Operator) -> tuple[Tensor, Tensor, Tensor]:
    """What is written into, what is written, and where it begins."""
    return tensor(graph, op, 0), tensor(graph, op, 1), tensor(graph, op, 2)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 3, 3)
    whole, part, begin = operands = _operands(graph, op)
    check_activation(graph, op, (whole, part, output(graph, op)), _TYPES)
    check_types(graph, op, (begin,), (DType.INT32,))
    require(any(t.data is None for t in operands), "all operands are constant", graph, op)
    rank = len(whole.shape)
    require(1 <= rank <= _MAX_RANK, f"{rank} dimensions, not 1 to {_MAX_RANK}", graph, op)
    fits = len(part.shape) == rank and begin.shape == (rank,)
    require(
        fits and all(n <= m for n, m in zip(part.shape, whole.shape, strict=True)),
        f"{list(part.shape)} at {list(begin.shape)} indices is no part of {list(whole.shape)}",
        graph,
        op,
    )
    check_shape(graph, op, whole.shape)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """The bytes as they are, whatever their scales; of a place that reaches out, the nearest that
    does not. Source: EvalImpl of micro/kernels/dynamic_update_slice.cc."""
    whole, part, begin = inputs
    room = np.subtract(whole.shape, part.shape)
    first = np.clip(begin.reshape(-1), 0, room)
    found = np.array(whole, output(graph, op).dtype.numpy)
    found[tuple(slice(a, a + n) for a, n in zip(first, part.shape, strict=True))] = part
    return found


def lower(graph: Graph, op: Operator) -> Kernel:
    whole, part, begin = operands = _operands(graph, op)
    itemsize, missing = whole.dtype.itemsize, _MAX_RANK - len(whole.shape)
    room = (n - m for n, m in zip(whole.shape, part.shape, strict=True))
    members = {
        "size": [*[1] * missing, *part.shape],
        "step": [*[0] * missing, *(step * itemsize for step in steps(whole.shape))],
        "room": [*[0] * missing, *room],
    }
    fields: dict[str, int | Table] = {
        f"{name}[{i}]": value for name, values in members.items() for i, value in enumerate(values)
    }
    return Kernel(
        header="update_slice.h",
        struct="forge_update_slice",
        function="forge_update_slice_run",
        fields={
            **fields,
            "dimensions": begin.size,
            "bytes": math.prod(whole.shape) * itemsize,
            "itemsize": itemsize,
        },
        inputs=tuple(t.index if t.data is None else Table.of(t) for t in operands),
    )


def summary(graph: Graph, op: Operator) -> str:
    return f"a part of {'x'.join(map(str, tensor(graph, op, 1).shape))}"


OP = Op("DYNAMIC_UPDATE_SLICE", check, reference, lower, inplace=(0,), typed=True, summary=summary)
