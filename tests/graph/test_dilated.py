"""Convolutions with holes that a file has as batches of blocks: the same values by TensorFlow Lite
Micro, which runs the batches behind a border of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.corpus.builder import GraphBuilder
from tinyforge.graph import DType, Graph, Quant
from tinyforge.graph.passes import adapt
from tinyforge.proof import oracle
from tinyforge.tflite import require_quantized, write

RNG = np.random.default_rng(3)
PLAIN = {"stride_h": 1, "stride_w": 1, "padding": 1}


@dataclass(frozen=True)
class Case:
    """sizes: rows and columns, or steps alone. pads, crops: a pair for each. left: what becomes of
    it. rows: whether steps are rows of the convolution, not columns."""

    sizes: Sequence[int]
    block: Sequence[int]
    kernel: Sequence[int]
    pads: Sequence[Sequence[int]]
    crops: Sequence[Sequence[int]]
    left: list[str]
    op: str = "CONV_2D"
    dtype: DType = DType.INT8
    rows: bool = False


ONE = ["RESHAPE", "CONV_2D", "RESHAPE"]
CASES = {
    "as if padded to the same size": Case(
        (7, 8), (2, 2), (3, 3), ((2, 3), (2, 2)), ((0, 1), (0, 0)), ["CONV_2D"]
    ),
    "without a border": Case((6, 8), (2, 2), (2, 3), ((0, 0),) * 2, ((0, 0),) * 2, ["CONV_2D"]),
    "another border": Case(
        (6, 6), (2, 3), (2, 2), ((2, 0), (0, 3)), ((0, 0), (0, 1)), ["PAD", "CONV_2D"]
    ),
    "depthwise": Case(
        (5, 5),
        (2, 2),
        (3, 3),
        ((2, 3), (2, 3)),
        ((0, 1), (0, 1)),
        ["DEPTHWISE_CONV_2D"],
        op="DEPTHWISE_CONV_2D",
    ),
    "of steps, causal": Case((12,), (4,), (3,), ((8, 0),), ((0, 0),), ["RESHAPE", "PAD", *ONE[1:]]),
    "of steps, as rows": Case((12,), (4,), (3,), ((4, 4),), ((0, 0),), ONE, rows=True),
}


def batches(case: Case, *, border: bool, reader: bool = False) -> Graph:
    """border: of SPACE_TO_BATCH_ND itself, not of a PAD before it. reader: somebody else reads what
    the convolution makes."""
    b = GraphBuilder()
    wide = case.dtype is DType.INT16
    scale, zero = (0.001, 0) if wide else (0.5, 3)
    spatial, channels, count = len(case.sizes), 2, int(np.prod(case.block))
    shape = (1, *case.sizes, channels)
    x = b.input(shape, scale, zero, dtype=case.dtype)
    pads, sizes = np.array(case.pads, np.int32), np.add(case.sizes, np.sum(case.pads, axis=1))
    if not border:
        padded, sides = (1, *map(int, sizes), channels), np.pad(pads, ((1, 1), (0, 0)))
        x = b.op("PAD", [x, b.constant(sides)], padded, scale, zero, dtype=case.dtype)
        pads = pads * 0
    block = b.constant(np.array(case.block, np.int32))
    sizes = sizes // case.block
    apart = (count, *map(int, sizes), channels)
    x = b.op(
        "SPACE_TO_BATCH_ND", [x, block, b.constant(pads)], apart, scale, zero, dtype=case.dtype
    )
    kernel = (
        [*case.kernel] if spatial == 2 else [*case.kernel, 1] if case.rows else [1, *case.kernel]
    )
    if spatial == 1:
        axis = b.constant(np.array(2 if case.rows else 1, np.int32))
        apart = (count, apart[1], 1, channels) if case.rows else (count, 1, apart[1], channels)
        x = b.op("EXPAND_DIMS", [x, axis], apart, scale, zero, dtype=case.dtype)
    depthwise = case.op == "DEPTHWISE_CONV_2D"
    out = channels if depthwise else 3
    rng = np.random.default_rng(5)
    shaped = (1, *kernel, out) if depthwise else (out, *kernel, channels)
    weights = b.constant(
        rng.integers(-127, 128, shaped).astype(np.int8),
        Quant((0.01,) * out, (0,) * out, 3 * depthwise),
    )
    made = (count, *(int(n - k + 1) for n, k in zip(apart[1:3], kernel, strict=True)), out)
    options = PLAIN | ({"depth_multiplier": 1} if depthwise else {})
    ends = (scale, 0)
    absent = () if depthwise else (-1,)  # TensorFlow Lite Micro crashes for a depthwise one
    x = middle = b.op(case.op, [x, weights, *absent], made, *ends, dtype=case.dtype, **options)
    if spatial == 1:
        flat = (count, int(np.prod(made[1:3])), out)
        x = b.op(
            "RESHAPE", [x, b.constant(np.array(flat, np.int32))], flat, *ends, dtype=case.dtype
        )
    inner = made[1:3] if spatial == 2 else (int(np.prod(made[1:3])),)
    crops = np.array(case.crops, np.int32)
    back = (n * d - c for n, d, c in zip(inner, case.block, crops.sum(axis=1), strict=True))
    shape = (1, *map(int, back), out)
    x = b.op("BATCH_TO_SPACE_ND", [x, block, b.constant(crops)], shape, *ends, dtype=case.dtype)
    return b.build([x, middle] if reader else [x])


@pytest.mark.parametrize("name", CASES)
def test_one_convolution_gives_the_same(name: str) -> None:
    case = CASES[name]
    after, notes = adapt(batches(case, border=True))
    assert [op.op for op in after.operators] == case.left
    assert notes == ()
    require_quantized(after)
    padded = batches(case, border=False)
    rows = RNG.integers(-128, 128, (4, padded.input_bytes)).astype(np.int8)
    expected = oracle.outputs(write(padded), padded, rows)
    np.testing.assert_array_equal(oracle.outputs(write(after), after, rows), expected)
    assert len(np.unique(expected)) > 30


def test_int16_which_tflm_does_not_take_apart() -> None:
    after, _ = adapt(batches(replace(CASES["without a border"], dtype=DType.INT16), border=True))
    assert [op.op for op in after.operators] == ["CONV_2D"]
    require_quantized(after)


def test_what_others_read_stays() -> None:
    case = CASES["without a border"]
    graph = batches(case, border=True, reader=True)
    assert adapt(graph)[0] is graph


def test_what_the_border_does_not_cover_stays() -> None:
    case = Case((6, 8), (2, 2), (2, 3), ((0, 0),) * 2, ((0, 1), (0, 0)), [])
    graph = batches(case, border=True)
    assert adapt(graph)[0] is graph
