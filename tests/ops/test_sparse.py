"""Sparse streams of the dense block: every way into their unrolled code, quads far from each other,
channels without weights; how many bytes they take, and where they are offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.builder import Constant
from tests.ops.cases import random_case
from tests.ops.draw import without_blocks
from tests.ops.on_core import Case
from tests.ops.test_dense import DSP, RELU, ZERO_POINT, Adversarial, drawn, layer
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
from tinyforge.spec import OptimizeChoice

BLOCKS = "sparse, 2x4 blocks"
WAYS = {BLOCKS, f"{BLOCKS}, by twos"}
FARTHEST = 255  # quads that a byte of the stream can say


class Pruned(Adversarial):
    """Weights without some blocks, or without some of their number; some channels without any."""

    def weights(self, shape: tuple[int, ...], axis: int) -> Constant:
        found = super().weights(shape, axis)
        share = float(self.pick(0.3, 0.6, 0.9, 1.0))
        if self.integer(0, 3):
            values = without_blocks(found.values, share, self.rng)
        else:
            values = found.values * (self.rng.random(shape) >= share)
        values = values.astype(np.int8)
        if self.integer(0, 1):
            values[self.rng.random(len(values)) < 0.3] = 0
        return replace(found, values=values)


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, DSP) if k.way in WAYS)


def with_quads(channels: int, depth: int, quads: list[int]) -> npt.NDArray[np.int8]:
    """Weights in these quads alone."""
    kept = np.zeros((channels, depth), np.int8)
    for quad in quads:
        kept[:, 4 * quad : 4 * quad + 4] = drawn(channels, depth)[:, 4 * quad : 4 * quad + 4] | 1
    return kept


def graphs() -> Iterator[Graph]:
    """Of each at least one kernel is offered."""
    for count, rows in product(range(20), (1, 2, 3)):
        weights = with_quads(1 + count % 5, 100, list(range(1, 1 + count)))
        yield layer(weights, rows=rows, activation=count % 4)
    for gap, rows in product((254, 255, 256, 509, 510, 511), (1, 2, 3)):
        yield layer(with_quads(3, 4 * (gap + 3), [gap]), rows=rows)
        yield layer(with_quads(3, 4 * (gap + 3), [1, gap + 1]), rows=rows, activation=RELU)
    yield layer(np.zeros((5, 40), np.int8), rows=3, bias=77)
    for op in ("CONV_2D", "FULLY_CONNECTED"):
        yield from (g for s in range(160) if kernels(g := random_case(op, s, Pruned)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Pruned)


def test_all_kinds_are_among_the_cases() -> None:
    fields = [case.kernel.fields for case in cases()]
    assert {(f["dense.rectified"], f["dense.activation_max"] == 127) for f in fields} == {
        (1, True),
        (0, True),
        (0, False),
    }
    assert {case.kernel.way for case in cases()} == WAYS
    windows = [case.kernel.fields for case in cases() if "window.pad_left" in case.kernel.fields]
    assert {(f["window.pad_left"] != 0, f["window.dilation_width"] != 1) for f in windows} == {
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    }
    assert {f["window.stride_width"] for f in windows} >= {1, 2, 3}


def test_the_portable_block_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("optimize", "specialized"), [("speed", False), ("size", False), ("speed", True)]
)
def test_the_block_of_a_core_equals_tflm(
    compiler: str, optimize: OptimizeChoice, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, specialized=specialized)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    check_compiles_to_read(cases()[-4:], compiler, tmp_path)


def test_a_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


def test_the_stream_takes_nine_bytes_a_block_and_what_it_reads_is_that() -> None:
    """Beside them a word, 36 bytes for each two channels, and up to 3 to a whole word."""
    for quads in (1, 4, 7):
        (kernel,) = kernels(layer(with_quads(8, 400, list(range(quads)))))
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.nbytes == table_bytes(kernel) == 4 + 4 * (36 + 8 * quads + -(-quads // 4) * 4)
        assert kernel.reads == stream.nbytes


def test_a_quad_that_a_byte_cannot_reach_has_others_before_it() -> None:
    for gap in (1, FARTHEST, FARTHEST + 1, 2 * FARTHEST, 2 * FARTHEST + 1):
        (kernel,) = kernels(layer(with_quads(2, 4 * gap + 4, [gap])))
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.values[1] == -(-gap // FARTHEST)


def test_weights_that_are_nearly_all_there_are_left_to_the_dense_block() -> None:
    assert not kernels(layer(drawn(4, 80)))
    assert not kernels(layer(with_quads(4, 80, list(range(19)))))
    assert kernels(layer(with_quads(4, 80, list(range(18)))))


def test_sums_that_pass_24_bits_are_left_to_words() -> None:
    weights = with_quads(2, 80, [0])
    ends = [weights[1].astype(np.int64) * (end - ZERO_POINT) for end in (-128, 127)]
    room = 2**23 - 1 - int(np.max(ends, axis=0).sum())
    assert kernels(layer(weights, bias=room, factor=2.0**-16))
    assert not kernels(layer(weights, bias=room + 1, factor=2.0**-16))
