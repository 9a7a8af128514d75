"""ADD and SUB as a weighted sum: every pair of values on a Cortex-M55, rows of all lengths, when it
is offered, what it costs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.ops import alone, harness
from tests.ops.on_core import Case
from tests.ops.test_tabled_sum import (
    ALL,
    NAMES,
    NONE,
    RELU,
    RELU6,
    SCALES,
    ZERO_POINTS,
    every_pair,
    graph,
)
from tests.ops.variants import check_on_core, check_portable, machine_for
from tinyforge.graph import DType, Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import TARGETS
from tinyforge.sim.toolchains import gcc, toolchain

CORE, WAY = "cortex-m55", "as a weighted sum"
# Factors up to 1/4 and 8; sums that reach over all of int8 several times.
WIDE = (0.4, 0.2, 0.08)
# Of ADD: one offset alone is right, so that any other rounding is seen.
NARROW = [((0.331, 0.0184, 0.302), (16, -68, 68)), ((0.0303, 0.1163, 0.2082), (121, 97, -113))]


def kernels(made: Graph) -> list[Kernel]:
    (op,) = made.operators
    return [k for k in OPS[op.op].variants(made, op, TARGETS[CORE]) if k.way == WAY]


def case(made: Graph, inputs: list[npt.NDArray[np.int8]], label: str) -> Case:
    (kernel,) = kernels(made)
    return Case(label, made, kernel, inputs, harness.tflm(made, inputs))


@cache
def cases() -> tuple[Case, ...]:
    chosen = [*zip(SCALES, (*ZERO_POINTS[:2], (0, 0, -128)), (NONE, RELU, RELU), strict=True)]
    chosen += [(SCALES[0], (127, -128, -128), RELU6), (WIDE, (-3, 4, 0), RELU6)]
    chosen += [(WIDE, (-128, -128, -20), NONE), ((1e-6, 0.3, 0.21), (0, 0, 0), NONE)]
    chosen += [(SCALES[0], (127, 127, -128), RELU6), (WIDE, (-128, 127, -20), NONE)]
    chosen += [(*c, NONE) for c in NARROW]
    pairs = [(f"{n} {c}", graph(n, ALL, *c)) for n in NAMES for c in chosen]
    found = [case(made, every_pair(), label) for label, made in pairs if kernels(made)]
    assert len(found) == 17
    rng = np.random.default_rng(0)
    for size in range(1, 11):
        made = graph("ADD", (1, size), SCALES[1], (5, -7, size), RELU * (size % 2))
        inputs = list(rng.integers(-128, 128, (2, 1, size)).astype(np.int8))
        found.append(case(made, inputs, f"{size} elements"))
    return tuple(found)


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_vectors_equal_tflm(compiler: str, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, core=CORE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("made", "offered"),
    [
        ({}, True),
        ({"second": (1, 1, 1, 256)}, False),
        ({"dtype": DType.INT16}, False),
        ({"scales": SCALES[2], "activation": RELU, "zero_points": (0, 0, -128)}, True),
        ({"scales": SCALES[2]}, False),  # halves are rounded both ways
        ({"scales": (0.4, 0.2, 0.04)}, False),  # sums would leave 32 bits
    ],
)
def test_is_offered_where_it_is_exact(name: str, made: dict[str, object], *, offered: bool) -> None:
    assert bool(kernels(graph(name, **made))) == offered  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "zero_point"), [("ADD", -128), ("SUB", 127)])
def test_offsets_that_leave_32_bits_are_left_to_other_kernels(name: str, zero_point: int) -> None:
    """The second zero point adds to the first one's offset, or takes away from it."""
    assert not kernels(graph(name, ALL, (0.41, 0.3037, 0.08), (-128, zero_point, -20)))


@pytest.mark.parametrize("name", NAMES)
def test_models_scales_are_taken(name: str) -> None:
    """Of any zero points and scales, whatever the activation, but for ties."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        first, second = np.exp(rng.uniform(-6, 0, 2))
        scales = (first, second, max(first, second) * np.exp(rng.uniform(-0.7, 1)))
        zero_points = tuple(map(int, rng.integers(-128, 128, 3)))
        made = graph(name, ALL, scales, zero_points, int(rng.choice([NONE, RELU])))
        assert kernels(made), (scales, zero_points)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("shape", [(1, 32, 32, 16), (1, 9, 5, 7), (1, 100)])
@pytest.mark.parametrize("activation", [NONE, RELU6])
def test_instructions_are_about_as_estimated(
    shape: tuple[int, ...], activation: int, compiler: str, tmp_path: Path
) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    machine_for(CORE)
    made = graph("ADD", shape, SCALES[1], (0, 0, -128), activation)
    inputs = list(np.random.default_rng(0).integers(-128, 128, (2, *shape)).astype(np.int8))
    (kernel,) = kernels(made)
    found = alone.counted(made, kernel, inputs, toolchain(compiler), tmp_path)
    np.testing.assert_array_equal(found.output, harness.tflm(made, inputs)[0])
    assert kernel.cycles is not None
    assert abs(kernel.cycles / found.instructions - 1) < 0.1, (kernel.cycles, found.instructions)
