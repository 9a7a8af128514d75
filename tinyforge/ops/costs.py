"""What a kernel costs: memory for its tables, and about how many cycles.

Cycles are those of a Cortex-M4 without wait states. A kernel that was measured says its own; of
others, portable C, this is what they take in the mean: good enough to choose by where the choice is
between kernels several times as fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS
from tinyforge.ops.base import Kernel, Table, output, tensor
from tinyforge.ops.forms import Accumulated, Windowed

# Cycles a multiply-accumulate, and for each element that is made beside them.
_A_MAC = {"DEPTHWISE_CONV_2D": 11, "TRANSPOSE_CONV": 8, "CONV_2D": 3, "FULLY_CONNECTED": 3}
_A_MAC_OF_OTHERS = 8
_AN_ELEMENT = 25
# For each value under a window; and of a picture that is taken row by row: of layers that multiply
# nothing.
_UNDER_A_WINDOW = 8.5
_AS_IT_COMES = 3


@dataclass(frozen=True)
class SlowFlash:
    """A flash that keeps the core waiting: a read of read_bytes takes wait_states cycles more.
    cached_bytes: what a cache of data keeps of it."""

    wait_states: int
    read_bytes: int
    cached_bytes: int = 0

    def stalls(self, kernel: Kernel, uncounted: int) -> int:
        """Cycles that a kernel waits an inference where its tables lie in the flash.

        It loads them from their first byte to their last, and again: what does not fit the cache is
        not there when it is needed next. uncounted: bytes that it loads where it does not say.
        """
        tables = table_bytes(kernel)
        if not tables:
            return 0
        reads = uncounted if kernel.reads is None else kernel.reads
        if tables <= self.cached_bytes:
            reads = min(reads, tables)
        return -(-reads // self.read_bytes) * self.wait_states


def stalls(graph: Graph, op: Operator, kernel: Kernel, flash: SlowFlash | None) -> int:
    """Cycles an inference; none where nothing waits for flash. A kernel that does not say what it
    loads is taken to load a byte for each product or, without those, for each element it makes."""
    if flash is None:
        return 0
    elements = sum(graph.tensors[t].size for t in op.outputs)
    return flash.stalls(kernel, OPS[op.op].macs(graph, op) or elements)


def cycles(graph: Graph, op: Operator, kernel: Kernel) -> int:
    """Of an inference."""
    if kernel.cycles is not None:
        return kernel.cycles
    elements = sum(graph.tensors[t].size for t in op.outputs)
    macs = OPS[op.op].macs(graph, op)
    products = macs * _A_MAC.get(op.op, _A_MAC_OF_OTHERS) if macs else _sums(graph, op, kernel)
    return math.ceil(products + elements * _AN_ELEMENT)


def _sums(graph: Graph, op: Operator, kernel: Kernel) -> float:
    """Of a pool or a mean: what it takes in."""
    if isinstance(kernel.form, Windowed):
        height, width = kernel.form.window.kernel
        return _UNDER_A_WINDOW * height * width * output(graph, op).size
    if isinstance(kernel.form, Accumulated):
        return _AS_IT_COMES * tensor(graph, op, 0).size
    return 0


def table_bytes(kernel: Kernel) -> int:
    """Of the kernel's constants."""
    tables = {id(t): t for t in (*kernel.fields.values(), *kernel.inputs) if isinstance(t, Table)}
    return sum(t.nbytes for t in tables.values())


def memory_bytes(kernel: Kernel) -> int:
    """Of the arena, beside the layer's tensors."""
    return kernel.form.scratch_bytes + kernel.form.tile_bytes
