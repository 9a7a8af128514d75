"""Winograd's way to 3x3 convolutions: exact at every size, in the padding and at the ends of its
sums; and what it must not be offered for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness
from tests.ops.cases import random_case
from tests.ops.draw import SAME, VALID, Random
from tests.ops.on_core import Case
from tests.ops.test_dense import DSP, Adversarial
from tests.ops.variants import cases_of, check_on_core, check_portable, check_within_memory
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.costs import held_bytes, memory_bytes
from tinyforge.spec import OptimizeChoice

SMALL, LARGE = "Winograd", "Winograd, 4x4"
WAYS = (SMALL, LARGE)
STRIDE = {"stride_h": 1, "stride_w": 1}


def kernels(graph: Graph, ways: Sequence[str] = WAYS) -> tuple[Kernel, ...]:
    """At most one of each."""
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, DSP) if k.way in ways)


def convolution(r: Random, size: tuple[int, int], channels: int, out: int, padding: int) -> Graph:
    height, width = (n if padding == SAME else n - 2 for n in size)
    source = r.spec(1, *size, channels)
    weights = r.weights((out, 3, 3, channels), 0)
    return single_op(
        "CONV_2D",
        inputs=[source, weights, r.bias(source, weights, out)],
        output=r.spec(1, height, width, out),
        options=STRIDE | {"padding": padding, "fused_activation_function": r.activation()},
    )


def random_convolution(seed: int, kind: type[Random]) -> Graph:
    r = kind(np.random.default_rng(seed))
    padding = r.pick(SAME, VALID)
    least = 1 if padding == SAME else 3
    size = r.integer(least, 11), r.integer(least, 11)
    return convolution(r, size, 4 * r.integer(1, 12), r.integer(1, 7), padding)


def largest(
    channels: int, bias: int = 0, ends: tuple[int, int] = (-128, -128), scale: float = 2.0**22
) -> Graph:
    """Weights whose transform is as large as can be. ends: zero points of input and output."""
    return single_op(
        "CONV_2D",
        inputs=[
            TensorSpec((1, 5, 5, channels), 1.0, ends[0]),
            Constant(np.full((2, 3, 3, channels), 127, np.int8), Quant((1.0,), (0,))),
            Constant(np.full(2, bias, np.int32), Quant((1.0,), (0,))),
        ],
        output=TensorSpec((1, 5, 5, 2), scale, ends[1]),
        options=STRIDE | {"padding": SAME},
    )


def graphs() -> Iterator[Graph]:
    for kind in (Random, Adversarial):
        yield from (g for s in range(60) if kernels(g := random_convolution(s, kind)))
    # Every way into the unrolled code, and around it more than once.
    r = Random(np.random.default_rng(0))
    found = [convolution(r, (4, 5), 4 * quads, 3, SAME) for quads in range(1, 28)]
    yield from (graph for graph in found if kernels(graph))
    yield largest(844)


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Adversarial)


def cases_of_way(way: str) -> list[Case]:
    return [case for case in cases() if case.kernel.way == way]


@pytest.mark.parametrize("way", WAYS)
def test_all_kinds_are_among_the_cases(way: str) -> None:
    found = cases_of_way(way)
    fields = [c.kernel.fields for c in found]
    kinds = {
        (f["dense.rectified"], f["dense.activation_min"] == -128, f["dense.activation_max"])
        for f in fields
    }
    assert {(1, True, 127), (0, True, 127)} < kinds
    assert any(top < 127 for *_, top in kinds)
    rows, columns = (4, 8) if way == LARGE else (2, 4)
    assert {f["width"] % columns for f in fields} == set(range(columns))
    assert {f["window.pad_left"] for f in fields} == {0, 1}
    assert {f["dense.channels"] % 2 for f in fields} == {0, 1}
    assert {c.graph.output_tensors[0].shape[1] % rows for c in found} == set(range(rows))


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("optimize", ["speed", "size"])
@pytest.mark.parametrize("way", WAYS)
def test_the_kernel_of_a_core_equals_tflm(
    compiler: str, optimize: OptimizeChoice, way: str, tmp_path: Path
) -> None:
    check_on_core(cases_of_way(way), compiler, tmp_path, optimize)


def test_it_stays_within_its_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


def ways(graph: Graph) -> list[str]:
    return [kernel.way for kernel in kernels(graph)]


def test_where_a_sum_could_leave_32_bits_it_is_not_offered() -> None:
    assert SMALL in ways(largest(844))
    assert SMALL not in ways(largest(848))
    assert SMALL not in ways(largest(844, 2**21))
    assert LARGE in ways(largest(112))
    assert LARGE not in ways(largest(116))
    assert LARGE not in ways(largest(112, 2**20))


def test_where_an_output_could_leave_32_bits_large_tiles_are_not_offered() -> None:
    near = 127, -127
    assert ways(largest(112, 0, near, 0.99 * 2**24)) == [SMALL, LARGE]
    assert ways(largest(112, 0, near, 1.01 * 2**24)) == [SMALL]


def test_sums_of_large_tiles_may_wrap(tmp_path: Path) -> None:
    """They are modulo 2**32. The inputs are those whose transform is the largest."""
    graph = largest(112)
    (kernel,) = kernels(graph, [LARGE])
    row = np.array([-2, -1, 2, 1])  # of B', at the four rows and columns that the filter sees
    x = np.zeros((1, 5, 5, 112), np.int8)
    x[0, :4, :4] = np.where(np.outer(row, row)[..., None] > 0, 127, -128)
    transformed = np.einsum("y,yxc,x->c", row, x[0, :4, :4].astype(np.int64), row)
    assert (transformed * 49 * 127).sum() > 2**31
    case = Case("largest", graph, kernel, [x], harness.tflm(graph, [x]))
    check_portable([case], tmp_path)
    for compiler in ("zig", "gcc"):
        check_on_core([case], compiler, tmp_path)


def test_rows_at_once_count_as_memory() -> None:
    graph = convolution(Random(np.random.default_rng(0)), (16, 16), 8, 12, SAME)
    (op,) = graph.operators
    beside = [held_bytes(graph, op, k) - memory_bytes(k) for k in kernels(graph)]
    assert beside == [(rows - 1) * 16 * (8 + 12) for rows in (2, 4)]


def test_other_windows_are_left_to_others() -> None:
    for seed in range(60):
        graph, _ = random_case("CONV_2D", seed)
        (op,) = graph.operators
        shape = graph.tensors[op.inputs[1]].shape
        if shape[1:3] != (3, 3) or shape[3] % 4 or op.options.get("stride_h") != 1:
            assert not kernels(graph)
    r = Random(np.random.default_rng(1))
    assert not kernels(convolution(r, (6, 6), 6, 4, SAME))
