"""What zeros are worth: two layers with ever more of them, on a Cortex-M4 or another core.

Of resnet8's widest convolution and of ad's widest dense layer the least weights become zero, singly
or in the blocks that kernels skip. A row shows the kernel that skips zeros and is the quickest by
estimate, where there is one: bytes of tables, instructions and cycles (mid, no wait states; on
other cores instructions stand for them) are of the firmware as it runs, and its outputs are those
of TensorFlow Lite Micro. Ratios are to the dense block with int8 weights, the smallest of the quick
kernels that multiply by every zero, or to the quickest where there is no such block; one column's
to whatever of those is the quickest. The last one is what is chosen for speed. A report draws such
curves of a model's own layer, by estimate.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.sparse [zig|gcc] [m4|m3|m0plus]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import toolchain_named
from tests.ops import alone, harness
from tinyforge.graph import Graph, Operator
from tinyforge.ops import Kernel
from tinyforge.ops.costs import cycles, table_bytes
from tinyforge.ops.kernels import kernels_of
from tinyforge.ops.target import target_of
from tinyforge.report.break_even import STRUCTURES, thinned
from tinyforge.sim.base import Toolchain
from tinyforge.sim.toolchains import toolchain
from tinyforge.tflite import read_file

SHARES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
LAYERS = (("resnet8", "CONV_2D"), ("ad", "FULLY_CONNECTED"))
COLUMNS = ("zeros", "kernel", "bytes", "/ block", "instructions", "cycles", "/ block", "/ quickest",
           "for speed")  # fmt: skip
WORDS = ("kernel", "for speed")
MODELLED = "cortex-m4"  # the core whose cycles are known

Int8 = npt.NDArray[np.int8]


def widest(graph: Graph, kind: str) -> Graph:
    """The operator of that kind with most weights, alone."""
    of_kind = (op for op in graph.operators if op.op == kind)
    op = max(of_kind, key=lambda op: graph.tensors[op.inputs[1]].size)
    alone = replace(op, index=0)
    return replace(graph, operators=(alone,), inputs=op.inputs[:1], outputs=op.outputs)


@dataclass(frozen=True)
class Measured:
    way: str
    tables: int
    instructions: int
    cycles: int


@dataclass(frozen=True)
class Setting:
    compiler: Toolchain
    core: str


def measured(graph: Graph, kernel: Kernel, on: Setting) -> Measured:
    """AssertionError where its outputs are not those of TensorFlow Lite Micro."""
    rng = np.random.default_rng(0)
    x: Int8 = rng.integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    (expected,) = harness.tflm(graph, [x])
    with TemporaryDirectory() as workspace:
        if on.core == MODELLED:
            timed = alone.run(graph, kernel, [x], on.compiler, Path(workspace))
            found: alone.Alone = timed
            cost = timed.cycles
        else:
            found = alone.on(graph, kernel, [x], on.compiler, Path(workspace), on.core)
            cost = found.instructions
    np.testing.assert_array_equal(found.output, expected, kernel.way)
    return Measured(kernel.way, table_bytes(kernel), found.instructions, cost)


def kernels(graph: Graph, on: Setting) -> tuple[Operator, tuple[Kernel, ...]]:
    (op,) = graph.operators
    return op, kernels_of(graph, op, target_of(on.core))


@dataclass(frozen=True)
class Dense:
    """What multiplies by every zero: the block with int8 weights, and what is quickest."""

    block: Measured
    quickest: Measured


def dense(layer: Graph, on: Setting) -> Dense:
    op, every = kernels(layer, on)
    quickest = min(every, key=lambda k: cycles(layer, op, k))
    blocks = [k for k in every if k.way.startswith("dense, int8")]
    block = min(blocks, key=lambda k: cycles(layer, op, k), default=quickest)
    return Dense(measured(layer, block, on), measured(layer, quickest, on))


def row(layer: Graph, beside: Dense, on: Setting) -> Iterator[str]:
    """Of a pruned layer."""
    op, every = kernels(layer, on)
    skipping = [k for k in every if k.skips_zeros]
    taken = min(every, key=lambda k: cycles(layer, op, k))
    if not skipping:
        yield from ("none", *[""] * 6, taken.way)
        return
    found = measured(layer, min(skipping, key=lambda k: cycles(layer, op, k)), on)
    yield from (found.way, f"{found.tables:,}", f"{found.tables / beside.block.tables:.2f}")
    yield from (f"{found.instructions:,}", f"{found.cycles:,}")
    yield from (f"{found.cycles / one.cycles:.2f}" for one in (beside.block, beside.quickest))
    yield taken.way


def main() -> None:
    corpus, compiler = Path(os.environ["TINYFORGE_CORPUS"]), toolchain_named(sys.argv[1:2])
    core = f"cortex-{sys.argv[2]}" if len(sys.argv) > 2 else MODELLED
    console, on = Console(width=160), Setting(toolchain(compiler), core)
    for model, kind in LAYERS:
        _, graph = read_file(corpus / "models" / f"{model}.tflite")
        layer = widest(graph, kind)
        (op,) = layer.operators
        shape = "x".join(map(str, layer.tensors[op.inputs[1]].shape))
        beside = dense(layer, on)
        console.print(f"{model} {kind} {shape}, {core}, {compiler}")
        for one in dict.fromkeys((beside.block, beside.quickest)):
            console.print(
                f"  {one.way}: {one.tables:,} B, {one.instructions:,} instructions, "
                f"{one.cycles:,} cycles"
            )
        for structure in STRUCTURES:
            table = Table(box=box.SIMPLE_HEAD, title=structure)
            for name in COLUMNS:
                table.add_column(name, justify="left" if name in WORDS else "right")
            for share in SHARES:
                pruned = thinned(layer, op, share / 100, structure)
                table.add_row(f"{share} %", *row(pruned, beside, on))
            console.print(table)


if __name__ == "__main__":
    main()
