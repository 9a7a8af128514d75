"""Depthwise filters on vectors of a Cortex-M55: windows of all forms in and out of the picture, all
numbers of channels, several passes, roundings both ways; and what it must not be offered for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.ops.alone import counted
from tests.ops.cases import random_case
from tests.ops.depthwise import Layer, layers_of
from tests.ops.on_core import Case
from tests.ops.test_dense import Adversarial
from tests.ops.variants import (
    cases_of,
    check_on_core,
    check_portable,
    check_within_memory,
    machine_for,
)
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import TARGETS
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.spec import OptimizeChoice

CORE, WAY = "cortex-m55", "words of four rows"


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, TARGETS[CORE]) if k.way == WAY)


def graphs() -> Iterator[Graph]:
    """Each is offered the kernel."""
    for channels in range(4, 36):
        yield Layer(4, 1 + channels % 7, channels, ties=channels % 2 == 0, zero_point=9).graph()
    forms = [((5, 5), 1, 1), ((9, 1), 1, 1), ((17, 1), 1, 1), ((1, 6), 2, 1), ((2, 4), 3, 1)]
    forms += [((3, 3), 2, 1), ((3, 3), 1, 2), ((4, 4), 1, 1), ((1, 1), 2, 1), ((3, 3), 1, 4)]
    yield from (made.graph() for made in layers_of(forms, height=17, channels=4))
    yield Layer(bias=2**31 - 2**20).graph()
    yield Layer(output_scale=9e-5).graph()
    seeds = (random_case("DEPTHWISE_CONV_2D", s, Adversarial)[0] for s in range(100))
    yield from filter(kernels, seeds)


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Adversarial)


@pytest.mark.parametrize(
    "layer",
    [
        Layer(channels=3),
        Layer(multiplier=2),
        Layer(output_scale=5e-5),  # factors up to 1.6
        Layer(output_scale=9e-5, output_zero_point=0),  # up to 0.9, and signs matter
    ],
)
def test_is_not_offered(layer: Layer) -> None:
    assert not kernels(layer.graph())


def test_all_ways_of_the_kernel_are_among_the_cases() -> None:
    fields = [c.kernel.fields for c in cases()]
    assert {(f["away"], f["passes"] == 1) for f in fields} == set(product((0, 1), (True, False)))


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_vectors_equal_tflm(compiler: str, optimize: OptimizeChoice, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, core=CORE)


def test_nothing_is_written_behind_the_tile(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    "layer",
    [
        Layer(10, 24, 32),
        Layer(10, 5, 64, ties=True),
        Layer(12, 12, 8, stride=2),
        Layer(40, 1, 20, kernel=(17, 1)),
        Layer(8, 8, 40, kernel=(5, 5)),
    ],
)
def test_instructions_are_about_as_estimated(layer: Layer, compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    machine_for(CORE)
    (case,) = cases_of([layer.graph()], kernels, Adversarial)
    found = counted(case.graph, case.kernel, [*case.inputs], toolchain(compiler), tmp_path)
    np.testing.assert_array_equal(found.output, case.outputs[0])
    estimate = case.kernel.cycles
    assert estimate is not None
    assert abs(estimate / found.instructions - 1) < 0.15, (estimate, found.instructions)
