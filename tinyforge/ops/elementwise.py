"""Operators that map each int8 value by itself: a table of 256 results, made here, exactly.

The table costs 256 bytes of flash and one load an element, whatever the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    Table,
    check_activation,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.forms import row_by_row

# (graph, operator, every int8 value as int64) to int8 results.
Function = Callable[[Graph, Operator, npt.NDArray[np.int64]], Int8Array]
Check = Callable[[Graph, Operator], None]


def unary(name: str, function: Function, further_check: Check | None = None) -> Op:
    """An operator from its function on int8 values."""

    def check(graph: Graph, op: Operator) -> None:
        check_counts(graph, op, 1, 1)
        source, out = tensor(graph, op, 0), output(graph, op)
        check_activation(graph, op, (source, out))
        require(
            source.shape == out.shape,
            f"shape {list(source.shape)} in, {list(out.shape)} out",
            graph,
            op,
        )
        if further_check is not None:
            further_check(graph, op)

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
        return function(graph, op, inputs[0].astype(np.int64))

    def lower(graph: Graph, op: Operator) -> Kernel:
        source = tensor(graph, op, 0)
        every_value = np.arange(-128, 128, dtype=np.int64)
        form = row_by_row(source)
        return Kernel(
            header="elementwise.h",
            struct="forge_lookup",
            function="forge_lookup_run",
            fields={
                "size": source.size // form.steps,
                "table": Table("int8_t", function(graph, op, every_value)),
            },
            inputs=(source.index,),
            form=form,
        )

    return Op(name, check, reference, lower, inplace=(0,))
