"""What zeros are worth: two layers with ever more of them, on a Cortex-M4.

Of resnet8's widest convolution and of ad's widest dense layer the least weights become zero, singly
or in the blocks that kernels skip. A row shows the kernel that skips zeros and is the quickest by
estimate, where there is one: bytes of tables, instructions and cycles (mid, no wait states) are of
the firmware as it runs, and its outputs are those of TensorFlow Lite Micro. Ratios are to the dense
block with int8 weights, the smallest of the quick kernels that multiply by every zero; one column's
to whatever of those is the quickest. The last one is what is chosen for speed. A
report draws such curves of a model's own layer, by estimate.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.sparse [zig|gcc]
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
from tinyforge.ops.target import TARGETS
from tinyforge.report.break_even import STRUCTURES, thinned
from tinyforge.sim.base import Toolchain
from tinyforge.sim.toolchains import toolchain
from tinyforge.tflite import read_file

SHARES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
LAYERS = (("resnet8", "CONV_2D"), ("ad", "FULLY_CONNECTED"))
COLUMNS = ("zeros", "kernel", "bytes", "/ block", "instructions", "cycles", "/ block", "/ quickest",
           "for speed")  # fmt: skip
WORDS = ("kernel", "for speed")
TARGET = TARGETS["cortex-m4"]

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


def measured(graph: Graph, kernel: Kernel, compiler: Toolchain) -> Measured:
    """AssertionError where its outputs are not those of TensorFlow Lite Micro."""
    rng = np.random.default_rng(0)
    x: Int8 = rng.integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    (expected,) = harness.tflm(graph, [x])
    with TemporaryDirectory() as workspace:
        found = alone.run(graph, kernel, [x], compiler, Path(workspace))
    np.testing.assert_array_equal(found.output, expected, kernel.way)
    return Measured(kernel.way, table_bytes(kernel), found.instructions, found.cycles)


def kernels(graph: Graph) -> tuple[Operator, tuple[Kernel, ...]]:
    (op,) = graph.operators
    return op, kernels_of(graph, op, TARGET)


@dataclass(frozen=True)
class Dense:
    """What multiplies by every zero: the block with int8 weights, and what is quickest."""

    block: Measured
    quickest: Measured


def dense(layer: Graph, compiler: Toolchain) -> Dense:
    op, every = kernels(layer)
    quickest = min(every, key=lambda k: cycles(layer, op, k))
    block = min(
        (k for k in every if k.way.startswith("dense, int8")), key=lambda k: cycles(layer, op, k)
    )
    return Dense(measured(layer, block, compiler), measured(layer, quickest, compiler))


def row(layer: Graph, beside: Dense, compiler: Toolchain) -> Iterator[str]:
    """Of a pruned layer."""
    op, every = kernels(layer)
    skipping = [k for k in every if k.skips_zeros]
    taken = min(every, key=lambda k: cycles(layer, op, k))
    if not skipping:
        yield from ("none", *[""] * 6, taken.way)
        return
    found = measured(layer, min(skipping, key=lambda k: cycles(layer, op, k)), compiler)
    yield from (found.way, f"{found.tables:,}", f"{found.tables / beside.block.tables:.2f}")
    yield from (f"{found.instructions:,}", f"{found.cycles:,}")
    yield from (f"{found.cycles / one.cycles:.2f}" for one in (beside.block, beside.quickest))
    yield taken.way


def main() -> None:
    corpus, compiler = Path(os.environ["TINYFORGE_CORPUS"]), toolchain_named(sys.argv[1:])
    console, tools = Console(width=160), toolchain(compiler)
    for model, kind in LAYERS:
        _, graph = read_file(corpus / "models" / f"{model}.tflite")
        layer = widest(graph, kind)
        (op,) = layer.operators
        shape = "x".join(map(str, layer.tensors[op.inputs[1]].shape))
        beside = dense(layer, tools)
        console.print(f"{model} {kind} {shape}, {compiler}")
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
                table.add_row(f"{share} %", *row(pruned, beside, tools))
            console.print(table)


if __name__ == "__main__":
    main()
