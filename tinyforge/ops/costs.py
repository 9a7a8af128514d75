"""What a kernel costs: memory for its tables, and about how many cycles.

Cycles are those of a Cortex-M4 without wait states; on cores whose cycles nobody modelled,
instructions stand for them. A kernel that was measured says its own; of others, portable C, this is
what they take in the mean: good enough to choose by where the choice is between kernels several
times as fast. Compiled for size they take more: size_cycles.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS
from tinyforge.ops.base import Kernel, Table, output, tensor
from tinyforge.ops.forms import Accumulated, Blocks, Windowed


@dataclass(frozen=True)
class _Portable:
    """What portable C takes: a_mac, for a multiply-accumulate of some operators, and of_others;
    an_element, for each that is made beside them. Of layers that multiply nothing under_a_window,
    for each value there, and as_it_comes, of a picture that is taken row by row."""

    a_mac: Mapping[str, float]
    of_others: float
    an_element: float
    under_a_window: float
    as_it_comes: float


_PORTABLE = _Portable(
    {"DEPTHWISE_CONV_2D": 11, "TRANSPOSE_CONV": 8, "CONV_2D": 3, "FULLY_CONNECTED": 3},
    of_others=8,
    an_element=25,
    under_a_window=8.5,
    as_it_comes=3,
)
_NARROW = _Portable(
    {"DEPTHWISE_CONV_2D": 10, "CONV_2D": 5.5, "FULLY_CONNECTED": 5.5},
    of_others=12,
    an_element=90,
    under_a_window=12,
    as_it_comes=6,
)


_AT_ONCE = 16  # bytes that a block of registers takes of its tables


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
        not there when it is needed next. A block of registers takes four words at once, and waits a
        cycle for loads from RAM beside them. uncounted: bytes that it loads where it does not say.
        """
        tables = table_bytes(kernel)
        if not tables:
            return 0
        reads = uncounted if kernel.reads is None else kernel.reads
        if tables <= self.cached_bytes:
            reads = min(reads, tables)
        beside = 0 if kernel.reads is None else reads // _AT_ONCE
        return -(-reads // self.read_bytes) * self.wait_states + beside


def stalls(graph: Graph, op: Operator, kernel: Kernel, flash: SlowFlash | None) -> int:
    """Cycles an inference; none where nothing waits for flash. A kernel that does not say what it
    loads is taken to load a byte for each product or, without those, for each element it makes."""
    if flash is None:
        return 0
    elements = sum(graph.tensors[t].size for t in op.outputs)
    return flash.stalls(kernel, OPS[op.op].macs(graph, op) or elements)


def cycles(graph: Graph, op: Operator, kernel: Kernel) -> int:
    """Of an inference."""
    return _estimated(graph, op, kernel, _PORTABLE) if kernel.cycles is None else kernel.cycles


def narrow_cycles(graph: Graph, op: Operator, kernel: Kernel) -> int:
    """Of portable C on a narrow target."""
    return _estimated(graph, op, kernel, _NARROW)


def _estimated(graph: Graph, op: Operator, kernel: Kernel, c: _Portable) -> int:
    elements = sum(graph.tensors[t].size for t in op.outputs)
    macs = OPS[op.op].macs(graph, op)
    products = macs * c.a_mac.get(op.op, c.of_others) if macs else _sums(graph, op, kernel, c)
    return math.ceil(products + elements * c.an_element)


def _sums(graph: Graph, op: Operator, kernel: Kernel, c: _Portable) -> float:
    """Of a pool or a mean: what it takes in."""
    if isinstance(kernel.form, Windowed):
        height, width = kernel.form.window.kernel
        return c.under_a_window * height * width * output(graph, op).size
    if isinstance(kernel.form, Accumulated):
        return c.as_it_comes * tensor(graph, op, 0).size
    return 0


def table_bytes(kernel: Kernel) -> int:
    """Of the kernel's constants."""
    tables = {id(t): t for t in (*kernel.fields.values(), *kernel.inputs) if isinstance(t, Table)}
    return sum(t.nbytes for t in tables.values())


def memory_bytes(kernel: Kernel) -> int:
    """Of the arena, beside the layer's tensors."""
    return kernel.form.scratch_bytes + kernel.form.tile_bytes


def held_bytes(graph: Graph, op: Operator, kernel: Kernel) -> int:
    """The same, with the rows that are there because it makes several at once: one after the other
    they could do with fewer."""
    form, rows = kernel.form, 0
    if isinstance(form, Blocks):
        taken, made = form.window.stride[0], form.rows
        rows += (taken - taken // made) * (tensor(graph, op, 0).nbytes // form.input_rows)
        rows += (made - 1) * (output(graph, op).nbytes // form.output_rows)
    return memory_bytes(kernel) + rows
