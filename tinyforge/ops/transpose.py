"""TRANSPOSE, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import INT8_OR_INT16, Kernel, Op, Values, require, tensor
from tinyforge.ops.copying import check_copied, check_shape, copy, steps
from tinyforge.ops.operands import integers


def _permutation(graph: Graph, op: Operator) -> tuple[int, ...]:
    """The input dimension that each output dimension is."""
    return integers(graph, op, 1, "permutation")


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2, types=INT8_OR_INT16)
    permutation = _permutation(graph, op)
    require(
        sorted(permutation) == list(range(len(source.shape))),
        f"{list(permutation)} is no permutation of {len(source.shape)} dimensions",
        graph,
        op,
    )
    check_shape(graph, op, tuple(source.shape[d] for d in permutation))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::Transpose."""
    return np.asarray(np.transpose(inputs[0], _permutation(graph, op)))


def lower(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    step = steps(source.shape)
    return copy(source, 0, [(source.shape[d], step[d]) for d in _permutation(graph, op)])


def summary(graph: Graph, op: Operator) -> str:
    return f"dimensions {', '.join(map(str, _permutation(graph, op)))}"


OP = Op("TRANSPOSE", check, reference, lower, summary=summary)
