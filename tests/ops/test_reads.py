"""Kernels load as many bytes of their tables as they say.

Where nothing but loads from flash waits, a clock shows how many there were. Instructions wait once,
until they are in a cache that holds all of them. What fits the cache of data may be loaded once.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.ops import alone, depthwise, test_dense_cycles
from tests.ops.test_clustered import SHAPES, of_few_values
from tinyforge.boards.flash_reads import Cache, FlashReads, MemorySystem
from tinyforge.graph import Graph
from tinyforge.ops import OPS
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.target import TARGETS
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")
pytest.importorskip("capstone")

WORD, WAITS = 4, 7
LINES, LINE = 8, 32
CACHED = LINES * LINE
# A load of a word is a read. The cache holds what four channels of a depthwise filter are.
SYSTEM = MemorySystem(
    wait_states=WAITS,
    reads=FlashReads(
        read_bytes=WORD,
        instruction_cache=Cache(lines=256, line_bytes=64),
        data_cache=Cache(lines=LINES, line_bytes=LINE),
        source="this test",
    ),
)
NO_WAITS = msgspec.structs.replace(SYSTEM, wait_states=0)
SLACK = 512  # bytes: of code whose fetch waits for nothing, and of parameters that are loaded

LAYERS = {
    **{str(layer): layer.graph() for layer in test_dense_cycles.LAYERS},
    "3x3 depthwise": depthwise.Layer(height=24, width=24, channels=32).graph(),
    **{f"few values, {layer}": of_few_values(layer.graph()) for layer in SHAPES},
    "depthwise, 5x3": depthwise.Layer(height=12, width=12, channels=16, kernel=(5, 3)).graph(),
}


@pytest.mark.parametrize("graph", LAYERS.values(), ids=LAYERS)
def test_as_many_as_they_say(graph: Graph, tmp_path: Path) -> None:
    (op,) = graph.operators
    x = np.random.default_rng(0).integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    kernels = OPS[op.op].variants(graph, op, TARGETS["cortex-m4"])
    assert kernels
    for kernel in kernels:
        found = alone.run(graph, kernel, [x], toolchain("zig"), tmp_path, [SYSTEM, NO_WAITS])
        waits, none = found.simulated
        assert kernel.reads is not None
        loaded = (waits - none) // WAITS * WORD - found.code
        tables = table_bytes(kernel)
        least = min(kernel.reads, tables) if tables <= CACHED else kernel.reads
        assert least - SLACK < loaded < kernel.reads + SLACK, kernel.way
