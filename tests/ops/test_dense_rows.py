"""FULLY_CONNECTED on inputs as they are, four channels at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.ops import harness, on_core
from tests.ops.on_core import Case
from tests.ops.test_dense import BYTES, DSP, RELU, Adversarial, at_the_end, drawn, layer
from tinyforge.boards.cores import CORES
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import gcc, toolchain

WAY = f"{BYTES}, inputs as they are"


def kernel_of(graph: Graph) -> Kernel | None:
    (op,) = graph.operators
    return next((k for k in OPS[op.op].variants(graph, op, DSP) if k.way == WAY), None)


def graphs() -> Iterator[Graph]:
    """Depths that end the loop in its middle and at its end, and every number of channels left."""
    for depth in range(8, 73, 8):
        for channels in range(1, 10):
            yield layer(drawn(channels, depth), rows=1 + depth % 3, activation=channels % 4)
    for sign in (1, -1):
        yield at_the_end(sign, 23, activation=RELU)
        yield at_the_end(sign, 23)


@cache
def cases() -> tuple[Case, ...]:
    found = []
    for number, graph in enumerate(graphs()):
        r = Adversarial(np.random.default_rng(number))
        inputs = [r.values(graph.input_tensors[0].shape)]
        kernel = kernel_of(graph)
        assert kernel is not None
        found.append(Case(f"case {number}", graph, kernel, inputs, harness.tflm(graph, inputs)))
    return tuple(found)


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    sources = [harness.kernel_source(i, c.graph, c.kernel) for i, c in enumerate(cases())]
    library = harness.built(sources, tmp_path)
    for i, c in enumerate(cases()):
        (found,) = harness.run_compiled(library, i, c.graph, c.inputs)
        np.testing.assert_array_equal(found, c.outputs[0], c.label)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_the_kernel_of_a_core_equals_tflm(compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    made = on_core.program(cases())
    found = on_core.run(
        made,
        CORES["cortex-m4"],
        tmp_path,
        compiler=toolchain(compiler),
        machine=machine("unicorn"),
    )
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


def test_it_needs_no_memory_and_depths_of_whole_quads() -> None:
    assert all(not c.kernel.form.scratch_bytes for c in cases())
    assert not kernel_of(layer(drawn(4, 12)))
    assert not kernel_of(layer(drawn(4, 9)))
    assert not kernel_of(at_the_end(1, 23, beyond=1))
