"""CONV_2D on a Cortex-M0+ by lists of weights, two pixels at once: lists of every length, weights
far from each other, all kinds of windows; and where it is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.ops import alone
from tests.ops.cases import random_case
from tests.ops.on_core import Case
from tests.ops.test_dense import RELU
from tests.ops.test_dense_cycles import Layer
from tests.ops.test_sparse import Pruned
from tests.ops.test_sparse_conv import listed, points
from tests.ops.variants import (
    cases_of,
    check_compiles_to_read,
    check_on_core,
    check_portable,
    check_within_memory,
)
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.target import TARGETS, Target
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.spec import OptimizeChoice

CORE = "cortex-m0plus"
WAY = "sparse, listed weights, two pixels a word"
DENSE = "two pixels a word"
FARTHEST = 63  # words that a byte of the stream can say, which counts bytes
TOLERANCE = 0.1


def kernels(graph: Graph, target: Target = TARGETS[CORE]) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, target) if k.way == WAY)


def graphs() -> Iterator[Graph]:
    """Of each the kernel is offered."""
    for count, width in product(range(14), (1, 2, 5)):
        weights = listed(1 + count % 5, 40, list(range(1, 1 + count)))
        yield points(weights, width=width, activation=count % 4)
    for gap in (62, 63, 64, 125, 126, 127):
        yield points(listed(3, gap + 5, [1, gap + 1]), width=3, activation=RELU)
    yield points(np.zeros((5, 9), np.int8), bias=77)
    yield points(np.sign(listed(9, 20, [1, 5])), factor=0.4)
    # The most that two neighbouring products come to: 16384 + 16256.
    ends = np.zeros((2, 20), np.int8)
    ends[:, 3:5] = (-128, -127)
    yield points(ends)
    yield from (g for s in range(300) if kernels(g := random_case("CONV_2D", s, Pruned)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Pruned)


def test_all_kinds_are_among_the_cases() -> None:
    fields = [case.kernel.fields for case in cases()]
    assert {f["window.stride_width"] for f in fields} == {1, 2, 3}
    assert {f["window.dilation_width"] for f in fields} == {1, 2, 3}
    assert any(f["window.pad_left"] for f in fields)
    assert any(f["window.pad_top"] for f in fields)
    assert len({f["twins.outputs.range"] for f in fields}) > 1


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("optimize", "specialized"), [("speed", False), ("size", False), ("speed", True)]
)
def test_the_kernel_of_the_core_equals_tflm(
    compiler: str, optimize: OptimizeChoice, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, specialized=specialized, core=CORE)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    check_compiles_to_read(cases()[-4:], compiler, tmp_path)


def test_a_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


def test_a_weight_takes_two_bytes() -> None:
    """Beside them 24 bytes of each channel; a list has a multiple of 4 weights."""
    for count in (1, 4, 5):
        (kernel,) = kernels(points(listed(6, 60, list(range(count)))))
        stream = kernel.fields["twins.stream"]
        assert isinstance(stream, Table)
        assert stream.nbytes == table_bytes(kernel) == 6 * (24 + 8 * -(-count // 4))


def test_a_weight_that_a_byte_cannot_reach_has_others_before_it() -> None:
    for gap in (1, 4 * FARTHEST, 4 * FARTHEST + 1):
        (kernel,) = kernels(points(listed(2, gap + 1, [gap])))
        stream = kernel.fields["twins.stream"]
        assert isinstance(stream, Table)
        assert stream.values[0] == 8 * -(-gap // (4 * FARTHEST))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    "shape",
    [
        Layer(8, 3, 32, 32, scattered=0.8),
        Layer(10, 1, 64, 48, scattered=0.6, relu=False),
        Layer(12, 3, 6, 16, stride=2, scattered=0.7),
    ],
)
def test_estimates_are_near_what_is_counted_and_that_is_less_than_of_dense_weights(
    shape: Layer, compiler: str, tmp_path: Path
) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = shape.graph()
    (op,) = graph.operators
    every = {k.way: k for k in OPS[op.op].variants(graph, op, TARGETS[CORE])}
    x = np.random.default_rng(0).integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    counted, dense = (
        alone.on(graph, every[way], [x], toolchain(compiler), tmp_path, CORE).instructions
        for way in (WAY, DENSE)
    )
    assert every[WAY].cycles == pytest.approx(counted, rel=TOLERANCE)
    assert counted < dense


def test_where_it_is_not_offered() -> None:
    assert kernels(points(listed(2, 10, list(range(6)))))
    assert not kernels(points(listed(2, 10, list(range(7)))))
    assert not kernels(points(listed(2, 10, [3])), TARGETS["cortex-m4"])
    lowest = np.zeros((2, 20), np.int8)
    lowest[:, 3:5] = -128
    assert not kernels(points(lowest))
    for kind in ("int16", "int4"):
        found = (random_case(f"CONV_2D/{kind}", seed, Pruned)[0] for seed in range(20))
        assert not any(map(kernels, found))
