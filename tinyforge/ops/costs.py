"""What a kernel costs: flash for its tables, and about how many cycles.

Cycles are those of a Cortex-M4 without wait states. A kernel that was measured says its own; of
others, portable C, this is what they take in the mean: good enough to choose by where the choice is
between kernels several times as fast.
"""

from __future__ import annotations

import math

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS
from tinyforge.ops.base import Kernel, Table

# Cycles a multiply-accumulate, and for each element that is made beside them.
_A_MAC = {"DEPTHWISE_CONV_2D": 11, "TRANSPOSE_CONV": 8, "CONV_2D": 4.6, "FULLY_CONNECTED": 4.4}
_A_MAC_OF_OTHERS = 8
_AN_ELEMENT = 25


def cycles(graph: Graph, op: Operator, kernel: Kernel) -> int:
    """Of an inference."""
    if kernel.cycles is not None:
        return kernel.cycles
    elements = sum(graph.tensors[t].size for t in op.outputs)
    macs = OPS[op.op].macs(graph, op)
    return math.ceil(macs * _A_MAC.get(op.op, _A_MAC_OF_OTHERS) + elements * _AN_ELEMENT)


def table_bytes(kernel: Kernel) -> int:
    """Of the kernel's constants in flash."""
    tables = {id(t): t for t in (*kernel.fields.values(), *kernel.inputs) if isinstance(t, Table)}
    return sum(t.values.size * t.dtype.itemsize for t in tables.values())


def memory_bytes(kernel: Kernel) -> int:
    """Of the arena, beside the layer's tensors."""
    return kernel.form.scratch_bytes + kernel.form.tile_bytes
