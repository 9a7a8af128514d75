"""Kernels of few different weights, four bits each: any number of values, channels and inputs, odd
ones too, padding, dilation; on every core; and where they are not offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import layers
from tests.corpus.builder import Constant, GraphBuilder
from tests.ops import alone
from tests.ops.cases import random_case
from tests.ops.draw import Random
from tests.ops.harness import assert_rows_equal_tflm
from tests.ops.on_core import Case
from tests.ops.test_dense import layer
from tests.ops.test_dense_cycles import Layer
from tests.ops.test_streaming import fully_connected
from tests.ops.variants import (
    cases_of,
    check_compiles_to_read,
    check_on_core,
    check_portable,
)
from tinyforge.graph import Graph
from tinyforge.memory.search import Aim, Limits, plan
from tinyforge.ops import OPS, Kernel, Table, clustered
from tinyforge.ops.base import CLUSTERED, OWN_CODE
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.kernels import by_rows
from tinyforge.ops.target import ANY, TARGETS, Target
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.spec import OptimizeChoice

DSP = TARGETS["cortex-m4"]
MOST = 16  # different values
NAMES = ("CONV_2D", "FULLY_CONNECTED")
# Of portable C two compilers make different code; less of instructions written for a core.
TOLERANCES = {"cortex-m4": 0.15, "cortex-m0plus": 0.25}


def shared(shape: tuple[int, ...], count: int, seed: int = 0) -> npt.NDArray[np.int8]:
    """Weights of exactly so many different values, the least and the most first."""
    rng = np.random.default_rng(seed)
    inner = rng.choice(np.arange(-126, 127), MOST, replace=False)
    values = np.array([-127, 127, *inner], np.int8)[:count]
    which = rng.integers(0, count, shape)
    which.reshape(-1)[:count] = range(count)
    return values[which]


class Shared(Random):
    """Weights of up to 16 different values."""

    def weights(self, shape: tuple[int, ...], axis: int) -> Constant:
        found = super().weights(shape, axis)
        values = self.rng.permutation(np.unique(found.values))[: self.pick(1, 2, 9, 15, MOST)]
        return replace(found, values=self.rng.choice(values, shape))


def kernels(graph: Graph, target: Target = ANY) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, target) if k.way == CLUSTERED)


def graphs() -> Iterator[Graph]:
    """Of each the kernel is offered, once it need not save anything."""
    for channels, depth in product((1, 2, 3, 8), (1, 2, 5, 16)):
        weights = shared((channels, depth), min(MOST, channels * depth))
        yield layer(weights, rows=1 + depth % 3, activation=depth % 4)
    for name in NAMES:
        yield from (g for s in range(160) if kernels(g := random_case(name, s, Shared)[0]))


@cache
def cases() -> tuple[Case, ...]:
    with patch.object(clustered, "OWN_CODE", -1000):
        return cases_of(graphs(), kernels, Shared)


def test_all_kinds_are_among_the_cases() -> None:
    convolutions = [c.kernel.fields for c in cases() if c.graph.operators[0].op == NAMES[0]]
    assert {f["window.dilation_width"] for f in convolutions} == {1, 2, 3}
    assert {f["window.stride_width"] for f in convolutions} == {1, 2, 3}
    assert any(f["window.pad_left"] for f in convolutions)
    for name in NAMES:
        weights = [
            c.graph.tensors[op.inputs[1]].data
            for c in cases()
            for op in c.graph.operators
            if op.op == name
        ]
        counts = {len(np.unique(w)) for w in weights if w is not None}
        assert {1, 2, MOST} <= counts
        assert {w.shape[0] % 2 for w in weights if w is not None} == {0, 1}


def test_the_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("core", "optimize"),
    [
        ("cortex-m4", "size"),
        ("cortex-m4", "speed"),
        ("cortex-m7", "speed"),
        ("cortex-m33", "size"),
        ("cortex-m0plus", "size"),
    ],
)
def test_the_kernel_on_a_core_equals_tflm(
    compiler: str, core: str, optimize: OptimizeChoice, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, core=core)


def clustered_by_rows(graph: Graph, rows: int) -> Kernel | None:
    (op,) = graph.operators
    return by_rows(graph, op, *kernels(graph), rows)


def test_rows_as_they_come_equal_tflm(tmp_path: Path) -> None:
    r = Shared(np.random.default_rng(5))
    drawn = [fully_connected(r) for _ in range(60)]
    drawn += [(layer(shared((c, 12), 2), activation=1), p) for c in (1, 2, 5) for p in (2, 12)]
    with patch.object(clustered, "OWN_CODE", -1000):
        assert_rows_equal_tflm(
            [(g, rows, r.values(g.input_tensors[0].shape)) for g, rows in drawn],
            tmp_path,
            clustered_by_rows,
        )


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    check_compiles_to_read((cases()[0], cases()[-1]), compiler, tmp_path)


def test_a_weight_takes_four_bits_beside_a_table() -> None:
    """Of an odd number of channels the last one takes a byte: it is there twice."""
    for channels in (20, 21):
        graph = layer(shared((channels, 101), MOST), rows=3)
        (kernel,) = kernels(graph)
        stream, bias = kernel.fields["stream"], kernel.fields["bias"]
        assert isinstance(stream, Table)
        assert isinstance(bias, Table)
        assert stream.nbytes == MOST + -(-channels // 2) * 101
        assert kernel.reads == 3 * (stream.nbytes - MOST)
        (op,) = graph.operators
        plain = OPS[op.op].lower
        assert plain is not None
        saved = table_bytes(plain(graph, op)) - table_bytes(kernel)
        assert saved == channels // 2 * 101 - MOST
        last = stream.values[-101:]
        assert (last & 15 == last >> 4).all() == (channels % 2 == 1)


def test_where_it_is_not_offered() -> None:
    enough = (2, OWN_CODE + MOST)
    for target in (ANY, *TARGETS.values()):
        assert kernels(layer(shared(enough, MOST)), target)
        assert not kernels(layer(shared(enough, MOST + 1)), target)
        assert not kernels(layer(shared((2, enough[1] - 1), MOST)), target)
    with patch.object(clustered, "OWN_CODE", -1000):
        assert not any(kernels(random_case(f"{n}/int16", 3, Shared)[0]) for n in NAMES)
        assert not any(kernels(random_case(f"{n}/int4", 3, Shared)[0]) for n in NAMES)
        grouped = [random_case("CONV_2D", s, Shared)[0] for s in range(20)]
        assert {_groups(g): bool(kernels(g)) for g in grouped} == {1: True, 2: False, 3: False}


def _groups(graph: Graph) -> int:
    source, weights = (graph.tensors[t] for t in graph.operators[0].inputs[:2])
    return source.shape[3] // weights.shape[3]


SHAPES = (
    Layer(0, 1, 640, 64),
    Layer(0, 1, 150, 20, relu=False),
    Layer(9, 1, 64, 64),
    Layer(8, 3, 16, 31),
)
# Stretches of inputs that are no multiple of four.
ODD = Layer(9, 3, 5, 40, stride=2)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("shape", (*SHAPES, ODD))
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_estimates_are_near_what_is_counted(
    shape: Layer, core: str, compiler: str, tmp_path: Path
) -> None:
    """Of the core that has a model cycles, of the other instructions."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = of_few_values(shape.graph())
    x = np.random.default_rng(0).integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    (kernel,) = kernels(graph, TARGETS[core])
    tools = toolchain(compiler)
    if core == "cortex-m4":
        counted = alone.run(graph, kernel, [x], tools, tmp_path).cycles
    else:
        counted = alone.on(graph, kernel, [x], tools, tmp_path, core).instructions
    assert kernel.cycles == pytest.approx(counted, rel=TOLERANCES[core])


def of_few_values(graph: Graph) -> Graph:
    """The same with other weights, where they are int8."""
    tensors = list(graph.tensors)
    for op in graph.operators:
        if OPS[op.op].weighted is not None:
            t = tensors[op.inputs[1]]
            tensors[t.index] = replace(t, data=shared(t.shape, MOST))
    return replace(graph, tensors=tuple(tensors))


def with_pool() -> Graph:
    """The two run as one."""
    rng = np.random.default_rng(1)
    b = GraphBuilder("with pool")
    x = layers.conv_2d(b, rng, b.input((1, 8, 8, 16), 0.02, 3), filters=32)
    return b.build([layers.pool_2d(b, x, "MAX_POOL_2D")])


@pytest.mark.parametrize("core", TARGETS)
def test_layers_that_run_as_one_take_no_more_memory(core: str) -> None:
    aim = Aim("size", TARGETS[core])
    before, after = plan(with_pool(), aim), plan(of_few_values(with_pool()), aim)
    assert before.chains
    assert after.chains
    assert after.arena_bytes == before.arena_bytes
    assert [k.way for k in after.kernels.values()].count(CLUSTERED) == 1


def test_flash_that_is_too_small_for_others_has_it_whatever_the_aim() -> None:
    graph = of_few_values(SHAPES[0].graph())
    tables = table_bytes(*kernels(graph, DSP))
    for room, expected in ((tables, True), (2 * tables, False)):
        found = plan(graph, Aim("speed", DSP, limits=Limits(tables=room, arena=2**16)))
        assert (found.kernels[0].way == CLUSTERED) == expected


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m55"])
@pytest.mark.parametrize("shape", [Layer(0, 1, 640, 64), Layer(8, 3, 16, 32)])
def test_size_takes_it_and_speed_does_not(shape: Layer, core: str) -> None:
    graph, target = of_few_values(shape.graph()), TARGETS[core]
    small = plan(graph, Aim("size", target))
    assert small.kernels[0].way == CLUSTERED
    assert small.arena_bytes == plan(shape.graph(), Aim("size", target)).arena_bytes
    assert plan(graph, Aim("speed", target)).kernels[0].way != CLUSTERED
