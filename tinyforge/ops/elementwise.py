"""Operators that map each value by itself; int8 ones by a table of 256 results, made here, exactly.

The table costs 256 bytes of flash and one load an element, whatever the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8,
    INT8_OR_INT16,
    Kernel,
    Op,
    Table,
    Values,
    check_activation,
    check_computed,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.turned import same

# (graph, operator, values) to results; ForgeError where TFLM does not run the operator.
Function = Callable[[Graph, Operator, Int], Values]
# The kernel of int16 values.
Wide = Callable[[Graph, Operator], Kernel]

_EVERY_INT8 = np.arange(-128, 128, dtype=np.int64)


def unary(name: str, function: Function, wide: Wide | None = None, *, retypes: bool = False) -> Op:
    """An operator from its function on values, which it gets as int64.

    wide: its kernel for int16, if it takes any; retypes: its output may be of the other type.
    """
    types = INT8 if wide is None else INT8_OR_INT16

    def check(graph: Graph, op: Operator) -> None:
        check_counts(graph, op, 1, 1)
        source, out = tensor(graph, op, 0), output(graph, op)
        for together in ((source,), (out,)) if retypes else ((source, out),):
            check_activation(graph, op, together, types)
        check_computed(graph, op, source)
        require(
            source.shape == out.shape,
            f"shape {list(source.shape)} in, {list(out.shape)} out",
            graph,
            op,
        )
        function(graph, op, _EVERY_INT8)

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
        return function(graph, op, inputs[0].astype(np.int64))

    def lower(graph: Graph, op: Operator) -> Kernel:
        source = tensor(graph, op, 0)
        if source.dtype is output(graph, op).dtype is DType.INT8:
            return _looked_up(source, function(graph, op, _EVERY_INT8))
        assert wide is not None, "check has seen to it"
        return wide(graph, op)

    return Op(name, check, reference, lower, inplace=(0,), turned=same)


def _looked_up(source: Tensor, table: Values) -> Kernel:
    fields = {"table": Table("int8_t", table)}
    return mapped(source, "elementwise.h", "forge_lookup", "forge_lookup_run", fields)


def elementwise_kernel(
    graph: Graph, op: Operator, struct: str, function: str, fields: Mapping[str, int | Table]
) -> Kernel:
    """One of firmware/kernels/elementwise_int16.h, from its members but for the size."""
    return mapped(tensor(graph, op, 0), "elementwise_int16.h", struct, function, fields)


def mapped(
    source: Tensor,
    header: str,
    struct: str,
    function: str,
    fields: Mapping[str, int | float | Table] | None = None,
) -> Kernel:
    """A kernel that takes each value of a tensor by itself, from its members but for the size."""
    form = row_by_row(source)
    size = {"size": source.size // form.steps}
    return Kernel(header, struct, function, {**size, **(fields or {})}, (source.index,), form)
