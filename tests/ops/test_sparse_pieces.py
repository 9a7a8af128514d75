"""FULLY_CONNECTED by lists of weights, of an input that comes in rows: pieces of many sizes, lists
of every length and none, weights far from each other; on every core; and where it is not taken."""

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
from tests.ops.test_dense import RELU, layer
from tests.ops.test_dense_cycles import Layer
from tests.ops.test_sparse import Pruned
from tests.ops.test_sparse_rows import listed
from tests.ops.variants import (
    cases_of,
    check_compiles_to_read,
    check_on_core,
    check_portable,
)
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.kernels import by_rows, kernels_of
from tinyforge.ops.target import ANY, TARGETS, Target
from tinyforge.sim.toolchains import gcc, toolchain

DSP = TARGETS["cortex-m4"]
FARTHEST = 255  # inputs that a byte of the stream can say
# Estimates of portable C: two compilers make different code of it.
TOLERANCE, PORTABLE_TOLERANCE = 0.1, 0.25


def taking(graph: Graph, rows: int, target: Target = DSP) -> Kernel | None:
    """What takes so many rows where zeros are skipped; None if it multiplies by them."""
    (op,) = graph.operators
    skipping = (k for k in kernels_of(graph, op, target) if k.skips_zeros)
    kernel = next(skipping, None)
    found = kernel and by_rows(graph, op, kernel, rows, target)
    return found if found and found.skips_zeros else None


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    """Of all numbers of rows up to 12, and of as many as there are inputs."""
    depth = graph.input_tensors[0].size
    found = (taking(graph, rows) for rows in {*range(2, 13), depth})
    return tuple(kernel for kernel in found if kernel)


def graphs() -> Iterator[Graph]:
    """Of each the kernel is taken."""
    for count, activation in product(range(14), range(4)):
        places = list(range(1, 2 * count, 2))
        yield layer(listed(2 + count % 6, 120, places), activation=activation)
    for gap in (254, 255, 256, 509, 510, 511):
        yield layer(listed(3, 2 * (gap + 9), [1, gap + 1, gap + 7, gap + 10]), activation=RELU)
    yield layer(np.zeros((5, 80), np.int8), bias=77)
    yield layer(np.sign(listed(9, 80, [1, 5])), factor=0.4)
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


def test_a_weight_takes_two_bytes() -> None:
    """Beside them 16 bytes of each channel, a word of each piece, a byte of each list, up to 3 to a
    whole word; a list has a multiple of 4 weights."""
    for count in (1, 4, 5):
        kernel = taking(layer(listed(6, 200, list(range(count)))), 4)
        assert kernel is not None
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.nbytes == table_bytes(kernel) == kernel.reads
        assert stream.nbytes == 4 * (4 + 8) + 6 * (16 + 8 * -(-count // 4))


def test_a_weight_that_a_byte_cannot_reach_has_others_before_it() -> None:
    for gap in (FARTHEST, 4 * FARTHEST, 4 * FARTHEST + 1):
        kernel = taking(layer(listed(2, 2 * (gap + 1), [gap])), 2)
        assert kernel is not None
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.values[stream.values[0]] == 0x101 * -(-gap // (4 * FARTHEST))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        (Layer(0, 1, 640, 64, scattered=0.8), 5),
        (Layer(0, 1, 256, 32, scattered=0.85, relu=False), 8),
    ],
)
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m3"])
def test_estimates_are_near_what_is_counted_and_that_is_less_than_of_dense_weights(
    shape: Layer, rows: int, core: str, compiler: str, tmp_path: Path
) -> None:
    """Of the core that has a model cycles, of others instructions."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = shape.graph()
    (op,) = graph.operators
    streaming = OPS[op.op].streaming
    assert streaming is not None
    kernel, dense = taking(graph, rows, TARGETS.get(core, ANY)), streaming(graph, op, rows)
    assert kernel is not None
    assert dense is not None
    x = np.random.default_rng(0).integers(-128, 128, (1, shape.inputs)).astype(np.int8)
    tools = toolchain(compiler)

    def counted(kernel: Kernel) -> int:
        if core == "cortex-m4":
            return alone.run(graph, kernel, [x], tools, tmp_path).cycles
        return alone.on(graph, kernel, [x], tools, tmp_path, core).instructions

    tolerance = TOLERANCE if core == "cortex-m4" else PORTABLE_TOLERANCE
    assert kernel.cycles == pytest.approx(counted(kernel), rel=tolerance)
    assert counted(kernel) < counted(dense)


def test_where_it_is_not_taken() -> None:
    """On pieces so small that lists cost more than products; where others do not skip zeros."""
    few = layer(listed(4, 80, [3, 50]))
    assert taking(few, 4)
    assert not taking(few, 80)
    assert not taking(few, 3)
    assert not taking(layer(listed(4, 80, list(range(0, 80)))), 4)
