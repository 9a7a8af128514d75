"""Means of pictures that come row by row: rows whose sums do not fit int16, and a few channels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import alone, harness
from tests.ops.draw import VALID
from tests.ops.on_core import Case
from tests.ops.test_reduction import reduction
from tests.ops.variants import check_on_core, check_portable
from tinyforge.graph import Graph
from tinyforge.ops.costs import cycles
from tinyforge.sim.toolchains import toolchain

ROWS = 2
# The fewest pixels of -128 and of 127 whose sums pass int16, and more than twice as many.
WIDTHS = (3, 256, 257, 258, 259, 700)


def mean(width: int, channels: int) -> Graph:
    return reduction("MEAN", (1, ROWS, width, channels), [1, 2], (1, channels))


def average(width: int, channels: int) -> Graph:
    shapes = ((1, ROWS, width, channels), (1, 1, 1, channels))
    source, output = (TensorSpec(shape, 0.1, 3) for shape in shapes)
    options = {"padding": VALID, "stride_h": 1, "stride_w": 1, "fused_activation_function": 0}
    window = {"filter_height": ROWS, "filter_width": width}
    return single_op("AVERAGE_POOL_2D", inputs=[source], output=output, options=options | window)


def case(graph: Graph, fill: int | None) -> Case:
    """fill: of all inputs, or None for any."""
    shape = graph.input_tensors[0].shape
    x = np.random.default_rng(shape[2]).integers(-128, 128, shape).astype(np.int8)
    if fill is not None:
        x = np.full(shape, fill, np.int8)
    kernel = harness.by_rows(graph, ROWS)
    assert kernel is not None
    label = f"{graph.operators[0].op} of {shape}, {fill}"
    return Case(label, graph, kernel, [x], harness.tflm(graph, [x]))


def cases() -> list[Case]:
    drawn = product((mean, average), WIDTHS, (1, 4, 7, 21), (-128, 127, None))
    return [case(make(width, channels), fill) for make, width, channels, fill in drawn]


def test_the_portable_kernels_equal_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("specialized", [False, True])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_the_kernels_of_a_core_equal_tflm(
    core: str, compiler: str, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, specialized=specialized, core=core)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("make", [mean, average])
@pytest.mark.parametrize("width", [5, 32])
def test_cycles_are_about_as_estimated(
    make: Callable[[int, int], Graph], width: int, compiler: str, tmp_path: Path
) -> None:
    drawn = case(make(width, 64), None)
    found = alone.run(drawn.graph, drawn.kernel, drawn.inputs, toolchain(compiler), tmp_path)
    estimate = cycles(drawn.graph, drawn.graph.operators[0], drawn.kernel)
    assert 1 / 2.2 < estimate / found.cycles < 2.2, (estimate, found.cycles)
