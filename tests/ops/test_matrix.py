"""The matrix block, on vectors of a Cortex-M55: every way into its unrolled code, all numbers of
pixels and channels that are left, windows in and out of the picture; and what it must not be
offered for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from tests.ops.cases import random_case
from tests.ops.draw import SAME, VALID, Random
from tests.ops.on_core import Case
from tests.ops.test_dense import RELU, RELU6, Adversarial, at_the_end, drawn, layer
from tests.ops.test_dense_cycles import Layer
from tests.ops.variants import cases_of, check_on_core, check_portable, check_within_memory
from tinyforge.graph import Graph
from tinyforge.memory.search import Aim, Objective, plan
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.matrix import WAY, WAY_3X3
from tinyforge.ops.target import TARGETS
from tinyforge.spec import OptimizeChoice

CORE = "cortex-m55"
WAYS = (WAY, WAY_3X3)


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, TARGETS[CORE]) if k.way in WAYS)


def graphs() -> Iterator[Graph]:
    """Each is offered the block."""
    for chunks in range(1, 20):
        yield layer(drawn(1 + chunks % 11, 16 * chunks), rows=1 + chunks % 6, activation=RELU)
    for channels, rows in product(range(1, 20), range(1, 6)):
        depth = 5 * channels + rows
        yield layer(drawn(channels, depth), rows=rows, activation=channels % 4, zero_point=-9)
    for depth in (16, 40, 144, 160, 328):
        yield layer(drawn(5, depth), rows=8 + depth % 6)
    for sign, bits, activation in product((1, -1), (23, 30), (0, RELU, RELU6)):
        yield at_the_end(sign, bits, activation=activation)
    for padding, stride, inputs in product((SAME, VALID), (1, 2), (1, 3, 16, 20)):
        yield Layer(9, 3, inputs, 6 + inputs, stride, padding=padding).graph()
    for size, padding, inputs in product((*range(3, 9), 13), (SAME, VALID), (16, 32, 48, 64)):
        channels = 2 + size % 3 * 2
        yield Layer(size, 3, inputs, channels, relu=False, padding=padding).graph()
    yield Layer(7, 1, 32, 9, 2).graph()
    for op, kind in product(("CONV_2D", "FULLY_CONNECTED"), (Adversarial, Random)):
        yield from (g for s in range(40) if kernels(g := random_case(op, s, kind)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Adversarial)


def test_the_portable_block_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("optimize", "specialized"), [("speed", False), ("size", False), ("speed", True)]
)
def test_the_block_of_a_core_equals_tflm(
    compiler: str, optimize: OptimizeChoice, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, specialized=specialized, core=CORE)


def test_a_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    with_memory = [c for c in cases() if c.kernel.form.tile_bytes or c.kernel.form.scratch_bytes]
    check_within_memory(with_memory[::3], tmp_path)


def test_left_shifts_are_left_to_other_kernels() -> None:
    assert kernels(layer(drawn(2, 4), factor=0.49))
    assert not kernels(layer(drawn(2, 4), factor=0.5))
    assert not kernels(layer(drawn(2, 4), factor=3.0))


@pytest.mark.parametrize("name", ["CONV_2D/int16", "CONV_2D/int4", "FULLY_CONNECTED/int16"])
def test_other_types_are_left_to_other_kernels(name: str) -> None:
    assert not any(kernels(random_case(name, seed)[0]) for seed in range(20))


def test_it_is_for_cores_with_vectors_alone() -> None:
    for core, target in TARGETS.items():
        graph = layer(drawn(4, 16))
        ways = [k.way for k in OPS["FULLY_CONNECTED"].variants(graph, graph.operators[0], target)]
        assert (WAY in ways) == (core == CORE)


@pytest.mark.parametrize("objective", ["speed", "balanced"])
def test_it_is_chosen(objective: Objective) -> None:
    for graph in (Layer(12, 3, 16, 16).graph(), Layer(0, 1, 128, 64).graph()):
        (kernel,) = plan(graph, Aim(objective, TARGETS[CORE])).kernels.values()
        assert kernel.way in WAYS
