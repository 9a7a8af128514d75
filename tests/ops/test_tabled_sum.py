"""ADD and SUB by a table: every pair of values on cores, when it is offered, what it costs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import alone, harness, on_core
from tests.ops.on_core import Case
from tinyforge.boards.cores import CORES
from tinyforge.graph import DType, Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import ANY, TARGETS
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

NAMES = ("ADD", "SUB")
NONE, RELU, RELU6 = 0, 1, 3
ALL = (1, 1, 256, 256)

# Of both inputs and the output: the first or the second is shifted, or both; halves.
SCALES = ((0.05, 0.02, 0.05), (0.02, 0.05, 0.0417), (0.125, 0.125, 0.25))
ZERO_POINTS = ((-128, 127, 0), (5, -7, -128), (127, -128, 127))


def graph(
    name: str,
    shape: tuple[int, ...] = ALL,
    scales: tuple[float, ...] = SCALES[0],
    zero_points: tuple[int, ...] = (0, 0, 0),
    activation: int = NONE,
    dtype: DType = DType.INT8,
    second: tuple[int, ...] | None = None,
) -> Graph:
    shapes = (shape, second or shape, shape)
    specs = [TensorSpec(*x, dtype) for x in zip(shapes, scales, zero_points, strict=True)]
    options = {"fused_activation_function": activation}
    return single_op(name, inputs=specs[:2], output=specs[2], options=options)


def variants(made: Graph) -> list[Kernel]:
    (op,) = made.operators
    assert not OPS[op.op].variants(made, op, ANY)
    return list(OPS[op.op].variants(made, op, TARGETS["cortex-m4"]))


def case(made: Graph, inputs: list[npt.NDArray[np.int8]], label: str) -> Case:
    (kernel,) = variants(made)
    return Case(label, made, kernel, inputs, harness.tflm(made, inputs))


def every_pair() -> list[npt.NDArray[np.int8]]:
    values = np.arange(-128, 128).astype(np.int8)
    return [np.ascontiguousarray(x.reshape(ALL)) for x in np.meshgrid(values, values)]


@pytest.mark.parametrize(
    ("compiler", "core"), [("gcc", "cortex-m4"), ("zig", "cortex-m7"), ("zig", "cortex-m0plus")]
)
@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_values_equals_tflm(
    name: str, compiler: str, core: str, tmp_path: Path
) -> None:
    chosen = [*zip(SCALES, ZERO_POINTS, (NONE, RELU, RELU6), strict=True)]
    chosen += [(SCALES[2], (0, 0, 0), NONE), (SCALES[0], (3, 4, -128), NONE)]
    cases = [case(graph(name, ALL, *c), every_pair(), f"{name} {c}") for c in chosen]
    made = on_core.program(cases, specialized=True)
    found = on_core.run(
        made, CORES[core], tmp_path, compiler=toolchain(compiler), machine=machine("unicorn")
    )
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("made", "offered"),
    [
        ({}, True),
        ({"shape": (1, 3)}, True),
        ({"scales": (1e-6, 0.3, 0.02), "activation": RELU6}, True),
        ({"second": (1, 1, 1, 256)}, False),
        ({"dtype": DType.INT16}, False),
    ],
)
def test_is_offered_for_int8_of_one_size(
    name: str, made: dict[str, object], *, offered: bool
) -> None:
    assert bool(variants(graph(name, **made))) == offered  # type: ignore[arg-type]


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize(
    ("shape", "zero_point", "activation"),
    list(product([(1, 32, 32, 16), (1, 9, 5, 7), (1, 100)], [-128, 10], [NONE, RELU6])),
)
def test_cycles_are_about_as_estimated(
    shape: tuple[int, ...], zero_point: int, activation: int, compiler: str, tmp_path: Path
) -> None:
    made = graph("ADD", shape, SCALES[1], (0, 0, zero_point), activation)
    inputs = list(np.random.default_rng(0).integers(-128, 128, (2, *shape)).astype(np.int8))
    (kernel,) = variants(made)
    done = alone.run(made, kernel, inputs, toolchain(compiler), tmp_path)
    np.testing.assert_array_equal(done.output, harness.tflm(made, inputs)[0])
    assert kernel.cycles is not None
    assert abs(kernel.cycles / done.cycles - 1) < 0.1, (kernel.cycles, done.cycles)
