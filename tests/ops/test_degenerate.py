"""Sizes that are hardly there: one row, one column, one channel, one element, windows as large as
the input, strides beyond it. Compiled for their own constants, as generated code is, by both
compilers for speed and for size; TensorFlow Lite Micro's bytes on a core.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ops import harness, on_core
from tests.ops.cases import NAMES, random_case
from tests.ops.draw import Random
from tests.ops.on_core import Case
from tinyforge.boards.cores import CORES
from tinyforge.ops import OPS
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.spec import OptimizeChoice

SEEDS = range(2)
WINDOWS = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "TRANSPOSE_CONV")


class Degenerate(Random):
    """What is 1 at least mostly is 1; windows are often as large as the input, or far apart."""

    def integer(self, low: int, high: int) -> int:
        if low == 1 and self.rng.random() < 0.75:
            return 1
        return super().integer(low, high)

    def window(self, height: int, width: int, dilated: bool) -> dict[str, int]:
        options = super().window(height, width, dilated)
        for axis, size in (("h", height), ("w", width)):
            if self.rng.random() < 0.4:
                options[f"stride_{axis}"] = size + super().integer(0, 2)
            if self.rng.random() < 0.4:
                options |= {f"kernel_{axis}": size, f"dilation_{axis}": 1}
        return options


def degenerate(name: str, seed: int) -> list[Case]:
    """All of the operator's kernels."""
    graph, inputs = random_case(name, seed, Degenerate)
    (op,) = graph.operators
    known = OPS[op.op]
    known.check(graph, op)
    expected = harness.tflm(graph, inputs)
    for one, other in zip(harness.reference(graph, inputs), expected, strict=True):
        np.testing.assert_array_equal(one, other, f"{name}, seed {seed}")
    return [
        Case(f"{name}, seed {seed}, {kernel.way}", graph, kernel, inputs, expected)
        for kernel in harness.kernels(graph)
    ]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    with_code = [name for name in NAMES if OPS[name.partition("/")[0]].lower is not None]
    drawn = [(name, seed) for name in with_code for seed in SEEDS]
    drawn += [(name, seed) for name in WINDOWS for seed in range(2, 12)]
    return [case for name, seed in drawn for case in degenerate(name, seed)]


@pytest.mark.parametrize("optimize", ["speed", "size"])
@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_every_operator(
    compiler: str, optimize: OptimizeChoice, cases: list[Case], tmp_path: Path
) -> None:
    made = on_core.program(cases, specialized=True)
    found = on_core.run(
        made,
        CORES["cortex-m4"],
        tmp_path,
        compiler=toolchain(compiler, optimize),
        machine=machine("unicorn"),
    )
    wrong = (found != made.expected).any(1)
    assert not wrong.any(), [made.labels[i] for i in np.flatnonzero(wrong)]


def test_windows_of_one_pixel_are_among_them(cases: list[Case]) -> None:
    for op in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "CONV_2D"):
        fields = [c.kernel.fields for c in cases if c.graph.operators[0].op == op]
        sizes = {(f["window.kernel_height"], f["window.kernel_width"]) for f in fields}
        assert (1, 1) in sizes
        assert any(f["window.stride_height"] > f["window.input_height"] for f in fields)
        assert any(f["window.kernel_height"] == f["window.input_height"] > 1 for f in fields)
