"""EQUAL, GREATER and their like: pairs of values, a truth each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8,
    Kernel,
    Op,
    Values,
    check_activation,
    check_counts,
    check_types,
    output,
    require,
    tensor,
)
from tinyforge.ops.binary import Scaling, check_shapes, pair_kernel
from tinyforge.ops.fixed_point import quantize_multiplier

_LEFT_SHIFT = 8

_SUFFIXES = {DType.INT8: "", DType.INT32: "_i32", DType.BOOL: "_bool"}

ORDERED = (DType.INT8, DType.INT32)
ANY = (*ORDERED, DType.BOOL)

# Of two arrays that broadcast.
Predicate = Callable[[Any, Any], Any]


def _operands(graph: Graph, op: Operator) -> tuple[Tensor, Tensor]:
    return tensor(graph, op, 0), tensor(graph, op, 1)


def _scaling(graph: Graph, op: Operator) -> Scaling:
    """Both scales as factors of their own. Source: ComparisonsPrepare."""
    first, second = _operands(graph, op)
    return Scaling(
        first_zero_point=first.zero_point,
        second_zero_point=second.zero_point,
        left_shift=_LEFT_SHIFT,
        first=quantize_multiplier(first.scale),
        second=quantize_multiplier(second.scale),
    )


def comparison(name: str, predicate: Predicate, types: Sequence[DType]) -> Op:
    """An operator from its predicate; forge_<name> is its kernel."""

    def check(graph: Graph, op: Operator) -> None:
        check_counts(graph, op, 2, 2)
        operands = _operands(graph, op)
        check_types(graph, op, operands, types)
        check_types(graph, op, (output(graph, op),), (DType.BOOL,))
        if operands[0].dtype is DType.INT8:
            check_activation(graph, op, operands, INT8)
            for t in operands:
                # The interpreter ends the process.
                require(
                    t.scale < 1, f"tensor {t.name!r} has scale {t.scale}, not below 1", graph, op
                )
        check_shapes(graph, op)

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
        """Source: reference_ops::ComparisonWithScaling, and of other types ComparisonImpl."""
        first, second = inputs
        if tensor(graph, op, 0).dtype is DType.INT8:
            wide = (first.astype(np.int64), second.astype(np.int64))
            first, second = _scaling(graph, op).on_common_scale(*wide)
        return np.asarray(predicate(first, second), bool)

    def lower(graph: Graph, op: Operator) -> Kernel:
        dtype = tensor(graph, op, 0).dtype
        scaling = _scaling(graph, op) if dtype is DType.INT8 else Scaling()
        kernel = pair_kernel(graph, op, f"forge_{name.lower()}{_SUFFIXES[dtype]}", scaling)
        return replace(kernel, header="compare.h")

    return Op(name, check, reference, lower, typed=True)


def logical(name: str, predicate: Predicate) -> Op:
    """An operator on truths, which its output may lie over."""
    op = comparison(name, predicate, (DType.BOOL,))
    return replace(op, inplace=(0, 1))
