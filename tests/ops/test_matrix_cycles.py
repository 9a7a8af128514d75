"""The instructions that the matrix block claims are those that are counted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.ops import alone, harness
from tests.ops.test_dense_cycles import LAYERS as DENSE_LAYERS
from tests.ops.test_dense_cycles import Layer
from tests.ops.test_matrix import kernels
from tinyforge.sim.toolchains import gcc, toolchain

TOLERANCE = 0.15

LAYERS = (*DENSE_LAYERS, Layer(8, 3, 32, 32))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_estimates_are_near_what_is_counted(layer: Layer, compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    graph = layer.graph()
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    (expected,) = harness.tflm(graph, [x])
    offered = kernels(graph)
    assert offered
    for kernel in offered:
        found = alone.counted(graph, kernel, [x], toolchain(compiler), tmp_path)
        np.testing.assert_array_equal(found.output, expected, kernel.way)
        assert kernel.cycles == pytest.approx(found.instructions, rel=TOLERANCE), kernel.way
