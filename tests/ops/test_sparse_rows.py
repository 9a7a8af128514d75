"""FULLY_CONNECTED by lists of weights: lists of every length, weights far from each other, channels
without any; on every core; and where it is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.ops import alone
from tests.ops.cases import random_case
from tests.ops.on_core import Case
from tests.ops.test_dense import RELU, drawn, layer
from tests.ops.test_dense_cycles import Layer
from tests.ops.test_sparse import Pruned
from tests.ops.variants import (
    cases_of,
    check_compiles_to_read,
    check_on_core,
    check_portable,
)
from tinyforge.graph import Graph
from tinyforge.memory.search import Aim, plan
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.target import ANY, TARGETS, Target
from tinyforge.sim.toolchains import gcc, toolchain

LISTED = "sparse, listed weights"
DSP, NARROW, VECTORS = (TARGETS[f"cortex-{core}"] for core in ("m4", "m0plus", "m55"))
FARTHEST = 255  # inputs that a byte of the stream can say
# Estimates of portable C: two compilers make different code of it.
TOLERANCE, PORTABLE_TOLERANCE = 0.1, 0.25


def kernels(graph: Graph, target: Target = DSP) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, target) if k.way == LISTED)


def listed(channels: int, depth: int, places: list[int]) -> npt.NDArray[np.int8]:
    """Weights in these places alone."""
    kept = np.zeros((channels, depth), np.int8)
    kept[:, places] = drawn(channels, len(places)) | 1
    return kept


def graphs() -> Iterator[Graph]:
    """Of each the kernel is offered."""
    for count, rows in product(range(26), (1, 2)):
        weights = listed(1 + count % 5, 50, list(range(1, 1 + count)))
        yield layer(weights, rows=rows, activation=count % 4)
    for gap in (254, 255, 256, 509, 510, 511):
        yield layer(listed(3, gap + 9, [1, gap + 1, gap + 7]), rows=2, activation=RELU)
    yield layer(np.zeros((5, 40), np.int8), bias=77)
    yield layer(np.sign(listed(9, 20, [1, 5])), factor=0.4)
    yield from (g for s in range(160) if kernels(g := random_case("FULLY_CONNECTED", s, Pruned)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Pruned)


def test_all_kinds_of_requantization_are_among_the_cases() -> None:
    kinds = {
        (c.kernel.fields["dense.rectified"], c.kernel.fields["dense.activation_max"] == 127)
        for c in cases()
    }
    assert kinds == {(1, True), (0, True), (0, False)}


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m33"])
def test_the_kernel_of_a_core_equals_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, core=core)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    check_compiles_to_read(cases()[-4:], compiler, tmp_path)


def test_a_weight_takes_two_bytes_and_all_are_read_once_a_row() -> None:
    """Beside them 20 bytes of each channel; a list has a multiple of 8 weights."""
    for count in (1, 8, 9):
        (kernel,) = kernels(layer(listed(6, 100, list(range(count))), rows=3))
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.nbytes == table_bytes(kernel) == 6 * (20 + 16 * -(-count // 8))
        assert kernel.reads == 3 * stream.nbytes


def test_a_weight_that_a_byte_cannot_reach_has_others_before_it() -> None:
    for gap in (1, 8 * FARTHEST, 8 * FARTHEST + 1):
        (kernel,) = kernels(layer(listed(2, gap + 1, [gap])))
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.values[0] == 4 * -(-gap // (8 * FARTHEST))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    "shape", [Layer(0, 1, 640, 64, scattered=0.8), Layer(0, 1, 64, 10, scattered=0.9, relu=False)]
)
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m3"])
def test_estimates_are_near_what_is_counted(
    shape: Layer, core: str, compiler: str, tmp_path: Path
) -> None:
    """Of the core that has a model cycles, of others instructions."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = shape.graph()
    x = np.random.default_rng(0).integers(-128, 128, (1, shape.inputs)).astype(np.int8)
    (kernel,) = kernels(graph, TARGETS.get(core, ANY))
    tools = toolchain(compiler)
    if core == "cortex-m4":
        found = alone.run(graph, kernel, [x], tools, tmp_path)
        counted, tolerance = found.cycles, TOLERANCE
    else:
        found_on = alone.on(graph, kernel, [x], tools, tmp_path, core)
        counted, tolerance = found_on.instructions, PORTABLE_TOLERANCE
    assert kernel.cycles == pytest.approx(counted, rel=tolerance)


def test_where_it_is_not_offered() -> None:
    assert kernels(layer(listed(2, 10, list(range(6)))))
    assert not kernels(layer(listed(2, 10, list(range(7)))))
    weights = listed(2, 80, [7])
    assert kernels(layer(weights, factor=0.49))
    assert not kernels(layer(weights, factor=0.5))
    assert not kernels(layer(weights), VECTORS)
    for name in ("int16", "int4"):
        found = (random_case(f"FULLY_CONNECTED/{name}", seed, Pruned)[0] for seed in range(20))
        assert not any(map(kernels, found))


@pytest.mark.parametrize("target", [ANY, NARROW, DSP])
def test_least_memory_goes_with_fewer_tables(target: Target) -> None:
    """It takes no memory for itself; of few weights too little is saved."""
    for depth, expected in ((900, LISTED), (60, "portable")):
        graph = layer(listed(10, depth, list(range(0, depth, 4))))
        found = plan(graph, Aim("size", target))
        assert found.kernels[0].way == expected
        assert found.arena_bytes == plan(graph, Aim("size")).arena_bytes
