"""CONV_2D by lists of weights: every way into the unrolled code, weights far from each other, all
kinds of windows, rows that no number of outputs at once divides; and where it is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.cases import random_case
from tests.ops.draw import VALID
from tests.ops.on_core import Case
from tests.ops.test_dense import DSP, RELU, ZERO_POINT, drawn
from tests.ops.test_sparse import Pruned
from tests.ops.variants import (
    cases_of,
    check_compiles_to_read,
    check_on_core,
    check_portable,
    check_within_memory,
)
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.costs import table_bytes
from tinyforge.spec import OptimizeChoice

EIGHT, FOUR = "sparse, listed weights, by 8", "sparse, listed weights, by 4"
FARTHEST = 255  # words that a byte of the stream can say


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, DSP) if k.way in (EIGHT, FOUR))


def points(
    weights: npt.NDArray[np.int8],
    *,
    width: int = 8,
    bias: int = 0,
    factor: float = 2.0**-9,
    activation: int = 0,
) -> Graph:
    """A row of pixels under 1x1 windows. weights: (channels, input channels)."""
    channels, inputs = weights.shape
    return single_op(
        "CONV_2D",
        inputs=[
            TensorSpec((1, 1, width, inputs), 1.0, ZERO_POINT),
            Constant(weights.reshape(channels, 1, 1, inputs), Quant((1.0,), (0,))),
            Constant(np.full(channels, bias, np.int32), Quant((1.0,), (0,))),
        ],
        output=TensorSpec((1, 1, width, channels), 1 / factor, -128),
        options={
            "padding": VALID,
            "stride_h": 1,
            "stride_w": 1,
            "fused_activation_function": activation,
        },
    )


def listed(channels: int, inputs: int, places: list[int]) -> npt.NDArray[np.int8]:
    """Weights in these places alone."""
    kept = np.zeros((channels, inputs), np.int8)
    kept[:, places] = drawn(channels, len(places)) | 1
    return kept


def graphs() -> Iterator[Graph]:
    """Of each at least one kernel is offered."""
    for count, width in product(range(20), (3, 4, 8, 13)):
        weights = listed(1 + count % 5, 40, list(range(1, 1 + count)))
        yield points(weights, width=width, activation=count % 4)
    for gap in (63, 64, 127, 128, 191, 192):
        yield points(listed(3, gap + 5, [1, gap + 1]), width=9, activation=RELU)
    yield points(np.zeros((5, 9), np.int8), bias=77)
    for width in (4, 8):  # sums of which every one is another output
        yield points(np.sign(listed(9, 20, [1, 5])), width=width, factor=0.4)
    yield from (g for s in range(400) if kernels(g := random_case("CONV_2D", s, Pruned)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Pruned)


def test_all_kinds_are_among_the_cases() -> None:
    fields = [case.kernel.fields for case in cases()]
    kinds = {(f["lanes"], f["dense.rectified"], f["dense.activation_max"] == 127) for f in fields}
    assert kinds == {(n, *kind) for n in (2, 4) for kind in ((1, True), (0, True), (0, False))}
    assert {f["window.stride_width"] for f in fields} == {1, 2, 3}
    assert {f["window.dilation_width"] for f in fields} == {1, 2, 3}
    assert any(f["window.pad_left"] for f in fields)


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("optimize", "specialized"), [("speed", False), ("size", False), ("speed", True)]
)
def test_the_kernel_of_a_core_equals_tflm(
    compiler: str, optimize: OptimizeChoice, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, specialized=specialized)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    check_compiles_to_read(cases()[-4:], compiler, tmp_path)


def test_a_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


def test_a_weight_takes_two_bytes_and_all_are_read_for_each_eight_pixels() -> None:
    """Beside them 20 bytes of each channel, up to 2 to a whole word, a word and the columns."""
    for count in (1, 4, 7):
        eight, _ = kernels(points(listed(6, 100, list(range(count))), width=17))
        stream = eight.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.nbytes == 4 + 6 * (20 + 4 * -(-count // 2))
        assert table_bytes(eight) == stream.nbytes + 4
        assert eight.reads == 3 * stream.nbytes


def test_a_weight_that_a_byte_cannot_reach_has_others_before_it() -> None:
    for words in (4, FARTHEST + 1, 2 * FARTHEST + 2):
        eight, _ = kernels(points(listed(2, words // 4 + 1, [words // 4])))
        stream = eight.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.values[1] == -(-words // FARTHEST)


def test_rows_too_short_for_so_many_at_once_are_left_to_fewer() -> None:
    found = {width: [k.way for k in kernels(points(listed(2, 9, [3]), width=width))]
             for width in (1, 2, 3)}  # fmt: skip
    assert found == {1: [], 2: [FOUR], 3: [EIGHT, FOUR]}


def test_sums_that_pass_23_bits_are_left_to_other_kernels() -> None:
    weights = np.zeros((2, 9), np.int8)
    weights[1, 4] = 100
    room = 2**22 - 1 - 128 * 100 + ZERO_POINT * 100
    assert kernels(points(weights, bias=room, factor=2.0**-15))
    assert not kernels(points(weights, bias=room + 1, factor=2.0**-15))


def test_weights_that_are_mostly_there_are_left_to_the_dense_block() -> None:
    assert kernels(points(listed(2, 10, list(range(6)))))
    assert not kernels(points(listed(2, 10, list(range(7)))))
