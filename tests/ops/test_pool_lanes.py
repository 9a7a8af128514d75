"""Pools in vectors of a Cortex-M55: all numbers of channels, windows in and out of the picture,
means at the ends of their sums; when they are offered, what they cost."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.ops import alone, harness
from tests.ops.draw import SAME, VALID
from tests.ops.on_core import Case
from tests.ops.test_pool_4 import NAMES, NONE, RELU6, Pool
from tests.ops.variants import check_on_core, machine_for
from tinyforge.graph import DType
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import TARGETS
from tinyforge.sim.toolchains import gcc, toolchain

CORE, HEADER = "cortex-m55", "pool_lanes.h"


def kernels(pool: Pool) -> list[Kernel]:
    graph = pool.graph()
    (op,) = graph.operators
    return [k for k in OPS[op.op].variants(graph, op, TARGETS[CORE]) if k.header == HEADER]


def case(pool: Pool) -> Case:
    (kernel,) = kernels(pool)
    graph = pool.graph()
    shape = graph.input_tensors[0].shape
    x = np.random.default_rng(pool.channels).integers(-128, 128, shape).astype(np.int8)
    if pool.fill is not None:
        x = np.full(shape, pool.fill, np.int8)
    return Case(str(pool), graph, kernel, [x], harness.tflm(graph, [x]))


@cache
def cases() -> tuple[Case, ...]:
    """256 values are the most that are summed up in int16; 63 * 64 are nearly all there can be."""
    pools = [Pool(name, channels=channels) for name in NAMES for channels in range(1, 35)]
    windows = ((7, 4, 2, 2), (8, 7, 3, 1), (9, 9, 4, 3), (5, 8, 5, 1), (9, 17, 1, 2))
    pools += [
        Pool(name, size, channels, kernel, stride, padding, activation)
        for name in NAMES
        for size, channels, kernel, stride in windows
        for padding in (SAME, VALID)
        for activation in (NONE, RELU6)
    ]
    fills = (-128, 127, None)
    pools += [Pool(name, n, 5, n, fill=fill) for name in NAMES for n in (16, 17) for fill in fills]
    pools += [Pool(NAMES[1], 63, 3, 63, fill=fill) for fill in fills]
    return tuple(map(case, pools))


@pytest.mark.parametrize("name", NAMES)
def test_is_offered(name: str) -> None:
    assert kernels(Pool(name, channels=1))
    assert kernels(Pool(name, size=63, kernel=63))
    assert not kernels(Pool(name, size=64, kernel=64))
    assert not kernels(Pool(name, dtype=DType.INT16))


def test_means_by_multiplication_are_exact() -> None:
    """As the kernel computes them: next to where the quotient changes, and at the ends."""
    for count in range(1, 4081):
        half, inverse = count // 2, 2**31 // count + 1
        ends = np.arange(129)[:, None] * count + np.arange(-1, 2)
        magnitudes = np.clip(ends, 0, 128 * count + half)
        np.testing.assert_array_equal(2 * magnitudes * inverse >> 32, magnitudes // count)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("specialized", [False, True])
def test_vectors_equal_tflm(compiler: str, *, specialized: bool, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, specialized=specialized, core=CORE)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pool", [(12, 32, 2, 2), (26, 12, 2, 2), (13, 8, 3, 2), (8, 64, 8, 8)])
def test_instructions_are_about_as_estimated(
    name: str, pool: tuple[int, int, int, int], compiler: str, tmp_path: Path
) -> None:
    """Whatever the compiler unrolls."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    machine_for(CORE)
    one = case(Pool(name, *pool))
    found = alone.counted(one.graph, one.kernel, [*one.inputs], toolchain(compiler), tmp_path)
    np.testing.assert_array_equal(found.output, one.outputs[0])
    estimate = one.kernel.cycles
    assert estimate is not None
    assert 1 / 2.2 < estimate / found.instructions < 2.2, (estimate, found.instructions)
