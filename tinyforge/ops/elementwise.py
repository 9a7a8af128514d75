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
    check_computed,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.turned import same

# (graph, operator, int8 values) to int8 results; ForgeError where TFLM does not run the operator.
Function = Callable[[Graph, Operator, Int], Int8Array]

_EVERY_VALUE = np.arange(-128, 128, dtype=np.int64)


def unary(name: str, function: Function) -> Op:
    """An operator from its function on int8 values, which it gets as int64."""

    def check(graph: Graph, op: Operator) -> None:
        check_counts(graph, op, 1, 1)
        source, out = tensor(graph, op, 0), output(graph, op)
        check_activation(graph, op, (source, out))
        check_computed(graph, op, source)
        require(
            source.shape == out.shape,
            f"shape {list(source.shape)} in, {list(out.shape)} out",
            graph,
            op,
        )
        function(graph, op, _EVERY_VALUE)

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
        return function(graph, op, inputs[0].astype(np.int64))

    def lower(graph: Graph, op: Operator) -> Kernel:
        source = tensor(graph, op, 0)
        form = row_by_row(source)
        return Kernel(
            header="elementwise.h",
            struct="forge_lookup",
            function="forge_lookup_run",
            fields={
                "size": source.size // form.steps,
                "table": Table("int8_t", function(graph, op, _EVERY_VALUE)),
            },
            inputs=(source.index,),
            form=form,
        )

    return Op(name, check, reference, lower, inplace=(0,), turned=same)
