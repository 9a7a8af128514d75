"""Pools of four channels at once: when they are offered, on cores, at the ends of their sums."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import alone, harness, on_core
from tests.ops.draw import SAME, VALID
from tests.ops.on_core import Case
from tinyforge.boards.cores import CORES
from tinyforge.graph import DType, Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import ANY, TARGETS
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

NAMES = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
NONE, RELU6 = 0, 3


@dataclass(frozen=True)
class Pool:
    """A square one. fill: of all its input, or None for any values."""

    name: str = "MAX_POOL_2D"
    size: int = 6
    channels: int = 4
    kernel: int = 2
    stride: int = 2
    padding: int = VALID
    activation: int = NONE
    dtype: DType = DType.INT8
    fill: int | None = None

    def graph(self) -> Graph:
        reach = 1 if self.padding == SAME else self.kernel
        out = (self.size + self.stride - reach) // self.stride
        shapes = ((1, n, n, self.channels) for n in (self.size, out))
        source, output = (TensorSpec(shape, 0.05, 0, self.dtype) for shape in shapes)
        return single_op(
            self.name,
            inputs=[source],
            output=output,
            options={
                "padding": self.padding,
                "stride_h": self.stride,
                "stride_w": self.stride,
                "filter_height": self.kernel,
                "filter_width": self.kernel,
                "fused_activation_function": self.activation,
            },
        )

    def case(self) -> Case:
        graph = self.graph()
        (kernel,) = variants(graph)
        shape = graph.input_tensors[0].shape
        x = np.random.default_rng(self.size).integers(-128, 128, shape).astype(np.int8)
        if self.fill is not None:
            x = np.full(shape, self.fill, np.int8)
        return Case(str(self), graph, kernel, [x], harness.tflm(graph, [x]))


def variants(graph: Graph) -> list[Kernel]:
    (op,) = graph.operators
    assert not OPS[op.op].variants(graph, op, ANY)
    return list(OPS[op.op].variants(graph, op, TARGETS["cortex-m4"]))


@pytest.mark.parametrize("name", NAMES)
def test_is_offered(name: str) -> None:
    assert variants(Pool(name).graph())
    assert variants(Pool(name, size=16, kernel=16).graph())
    assert not variants(Pool(name, channels=3).graph())
    assert not variants(Pool(name, size=17, kernel=17).graph())
    assert not variants(Pool(name, dtype=DType.INT16).graph())


def test_means_by_multiplication_are_exact() -> None:
    """As the kernel computes them: of all counts and sums."""
    for count in range(1, 257):
        sums = np.arange(-128 * count, 127 * count + 1)
        doubled = 2 * (np.abs(sums) + count // 2)
        found = np.sign(sums) * (doubled * (2**31 // count + 1) >> 32)
        nearest = np.sign(sums) * ((np.abs(sums) + count // 2) // count)
        np.testing.assert_array_equal(found, nearest, str(count))


@pytest.mark.parametrize(
    ("compiler", "core"), [("gcc", "cortex-m4"), ("zig", "cortex-m33"), ("zig", "cortex-m0plus")]
)
def test_equals_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    """256 values of -128 are the least sum that int16 holds."""
    windows = ((7, 4, 2, 2), (8, 7, 3, 1), (9, 9, 4, 3), (5, 8, 5, 1))
    pools = [
        Pool(name, size, channels, kernel, stride, padding, activation)
        for name in NAMES
        for size, channels, kernel, stride in windows
        for padding in (SAME, VALID)
        for activation in (NONE, RELU6)
    ]
    pools += [Pool(name, 16, 5, 16, fill=fill) for name in NAMES for fill in (-128, 127, None)]
    made = on_core.program([pool.case() for pool in pools], specialized=True)
    found = on_core.run(
        made, CORES[core], tmp_path, compiler=toolchain(compiler), machine=machine("unicorn")
    )
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pool", [(12, 32, 2, 2), (13, 8, 3, 2), (8, 64, 8, 8)])
def test_cycles_are_about_as_estimated(
    name: str, pool: tuple[int, int, int, int], compiler: str, tmp_path: Path
) -> None:
    """Whatever the compiler unrolls; and a fraction of the kernel's that runs anywhere."""
    case = Pool(name, *pool).case()
    portable, kernel = harness.kernels(case.graph)[:2]
    cycles = [
        alone.run(case.graph, k, [*case.inputs], toolchain(compiler), tmp_path).cycles
        for k in (portable, kernel)
    ]
    assert kernel.cycles is not None
    assert 1 / 2.2 < kernel.cycles / cycles[1] < 2.2, (kernel.cycles, cycles)
    assert cycles[1] < 0.8 * cycles[0]
